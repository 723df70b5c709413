"""ExtractPersona: documents to personas."""
