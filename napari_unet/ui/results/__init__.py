"""The Results step: what comes of the labels: measurements, files of other programs, pictures, and many files."""
