"""napari and Qt, and nothing else: one panel a step, one session a viewer, one place that runs jobs."""
