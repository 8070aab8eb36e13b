"""Pictures of results for talks and papers: outlines over the image, scale bar, montages."""
