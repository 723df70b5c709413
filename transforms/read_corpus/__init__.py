"""ReadCorpus: files to documents."""
