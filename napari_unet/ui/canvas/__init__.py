"""What is shown on the canvas beside the images: marks, rings, boxes, views."""
