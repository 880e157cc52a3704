"""Checkpoint formats: one file each says how a published layout of weights is ours. Layers know none of this."""
