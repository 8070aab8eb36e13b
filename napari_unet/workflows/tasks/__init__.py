"""What the network does beside segmenting, with files."""
