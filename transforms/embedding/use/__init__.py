"""Google's Universal Sentence Encoder, multilingual v3: tokens, blocks, vectors."""
