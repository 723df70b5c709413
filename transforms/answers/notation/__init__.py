"""How numbers, units and answers are written: characters, separators, words, wrappings."""
