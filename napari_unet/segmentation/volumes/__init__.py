"""Z-stacks as volumes: a network of planes looks at them from three sides, and objects are formed in 3D."""
