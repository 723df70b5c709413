"""What the backends of models and embedders share: Google's and OpenAI's clients, and what HTTP errors mean."""
