"""What a person changed: comparison with the prediction, edits, reviewed regions."""
