"""Google's embedders by google-genai: `gemini:MODEL` on the Gemini API, `vertex:MODEL` on Vertex AI."""

from __future__ import annotations

from persona_hub.transforms.calls.clients.google import close_genai, genai_errors, open_genai
from persona_hub.transforms.calls.clients.http import VECTORS_BYTES
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.embedding.protocol import Texts, Vectors, vectors_of

# Vectors made for comparing texts with one another. Gemini Embedding 2 takes the task as words before the text instead.
TASK = "SEMANTIC_SIMILARITY"
LOCATION = "us-central1"  # unless the environment says another: not all embedders are served at "global"
TASK_IN_WORDS, WORDS = "gemini-embedding-2", "task: sentence similarity | query: "


class GeminiEmbedder:
    """One client. On Vertex AI it calls `predict`, or `embedContent` for the models that have that."""

    def __init__(self, config: ModelConfig):
        from google.genai import types

        self.config, self.model = config, config.name.partition(":")[2]
        self.client = open_genai(config, "gemini-embedding-001", LOCATION, VECTORS_BYTES)
        self.types = types
        self.seen = 0  # numbers in a vector
        self.in_words = self.model.startswith(TASK_IN_WORDS)

    async def complete(self, request: Texts) -> Vectors:
        """One vector for each text. Raises ModelError."""
        # A list of strings would be one text of many parts to some models: each is a content of its own.
        before = WORDS if self.in_words else ""
        contents = [
            self.types.Content(role="user", parts=[self.types.Part(text=before + text)]) for text in request.texts
        ]
        asking = self.types.EmbedContentConfig(
            task_type=None if self.in_words else TASK, output_dimensionality=request.dimensions or None
        )
        async with genai_errors(self.config):
            answer = await self.client.aio.models.embed_content(model=self.model, contents=contents, config=asking)
        found = answer.embeddings or []
        counted = [one.statistics.token_count or 0 if one.statistics else 0 for one in found]
        rows = [one.values or [] for one in found]
        vectors = vectors_of(request, rows, sum(counted), self.seen)
        self.seen = len(rows[0])
        return vectors

    async def close(self) -> None:
        """Frees connections."""
        await close_genai(self.client)
