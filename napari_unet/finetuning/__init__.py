"""Patches and targets from corrections, augmentation, losses, the loop, the before/after score."""
