"""llama.cpp's own server with a small model, and a relay that writes down what passes."""
