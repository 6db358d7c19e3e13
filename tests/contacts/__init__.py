"""Contact files, read where they are read in life: in a Worker of a real browser."""
