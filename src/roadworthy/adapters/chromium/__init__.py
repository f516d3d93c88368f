"""A browser without a window, for printing."""
