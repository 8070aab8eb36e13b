"""When and where work runs: in threads, or on the main one a moment later and in slices of time."""
