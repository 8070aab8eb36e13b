"""The tools of correction: what they are called, what they do, which is in the hand."""
