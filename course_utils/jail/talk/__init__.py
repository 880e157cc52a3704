"""The conversation through the wall: plain data in frames, what stands for what on the other side, one session."""
