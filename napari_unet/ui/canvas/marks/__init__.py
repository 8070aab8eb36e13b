"""What is drawn over the image without being a layer: it is in no list of layers, and never saved."""
