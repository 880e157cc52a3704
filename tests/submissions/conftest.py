# The small course in here is graded by the tests, not collected as one of them.
collect_ignore = ["_course"]
