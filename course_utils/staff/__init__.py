"""A class graded: files come in, every exercise is judged in a jail, results and reports come out."""
