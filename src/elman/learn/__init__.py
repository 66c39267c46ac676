"""Training: the loop, its checkpoints, the run folder, the numbers."""
