"""Whether the new model is better: scores, their evidence, thresholds, the verdict."""
