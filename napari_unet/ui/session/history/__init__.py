"""What napari keeps of the steps of a layer, in our axes, and what these steps mean for the reviewed marks."""
