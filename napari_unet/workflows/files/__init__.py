"""Batches: many files, one after another, that go on after a kill."""
