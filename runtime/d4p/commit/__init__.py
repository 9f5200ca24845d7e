"""Committing an output: claims, what a run is made of, and the renames after which it is there whole."""
