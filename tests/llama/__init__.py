"""The product against llama.cpp's own server with a small model: `make test-llama`. The model's wit is not tested."""
