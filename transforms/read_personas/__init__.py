"""ReadPersonas: files of personas that exist, to personas."""
