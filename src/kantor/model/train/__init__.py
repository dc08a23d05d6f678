"""Training: batches, steps, checkpoints, the loop."""
