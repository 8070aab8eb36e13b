"""The project file: what a person did, durable within a second."""
