"""Kinds of text, a file each. `write(pen)` writes one passage; WORDS are all that it can hold."""
