"""A compiled program from its command line to its summary."""
