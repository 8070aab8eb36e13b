"""The step *Classes of objects*: some objects get a class by a click, all others from these."""
