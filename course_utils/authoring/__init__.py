"""From the authored solutions to the chapters that learners open, and the proof that both hold."""
