"""Images larger than memory: block by block to labels in a store, and stitched there."""
