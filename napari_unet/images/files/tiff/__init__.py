"""TIFF in its dialects: what a file holds, what it says of it, and whether it is whole."""
