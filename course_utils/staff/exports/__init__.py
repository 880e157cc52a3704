"""A result in the forms that other programs and people read. Every export is a pure function from results to text.

None of them shows the inputs of a hidden check, what was expected or what a learner's code printed, unless it is called
with `values=True`, which is for staff; a learner's text is cut, stripped of control characters and escaped.
"""
