"""How a network learns, the same for all training: patches, batches, steps, scores."""
