"""Numbers of each object, with units, of arrays of any size."""
