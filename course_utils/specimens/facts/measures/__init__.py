"""What the facts are measured with: text that no training reads, and what a model makes of it."""
