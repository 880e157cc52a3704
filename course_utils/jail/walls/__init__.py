"""The wall itself: a process that may do nothing, started for each submission, and what this machine can hold."""
