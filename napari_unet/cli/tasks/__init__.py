"""Commands for what the network does beside segmenting."""
