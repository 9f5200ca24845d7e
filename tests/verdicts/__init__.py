"""Whether a report names what limits a run: random graphs with something planted in them, and without."""
