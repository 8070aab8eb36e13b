"""Labels plane by plane: what is one object through z or time."""
