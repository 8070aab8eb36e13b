"""What comes out of the work: measurements, files for other programs, and pictures."""
