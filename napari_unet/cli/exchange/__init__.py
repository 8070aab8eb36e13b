"""Commands that pass labels on to other programs, and take them back."""
