"""Classes of objects: what an object is like, and which class that makes it, learned from a few examples."""
