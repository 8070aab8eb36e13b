"""Classes of whole images: the window, its table, what is learned, and how it is kept."""
