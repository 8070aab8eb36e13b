"""The project store: one file that holds what a person did to their images, written as they do it."""
