"""Characters to symbols, words, sentences and terms, many texts at a time."""
