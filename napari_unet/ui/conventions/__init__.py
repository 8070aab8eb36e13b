"""What napari's manifest names, and what becomes of files that are dropped on the dock."""
