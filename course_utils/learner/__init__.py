"""What the learner owns: files in pairs, copies, progress, watch."""
