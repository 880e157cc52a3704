"""What `course` can do, a file a reader: the learner (`learn`), their machine (`machine`), the author (`author`).

Every command imports what it needs when it runs, so that `course list` loads none of it.
"""
