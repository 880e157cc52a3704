"""The microworld: a made-up English with a written grammar, whose every passage comes with its labels."""
