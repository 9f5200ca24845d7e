"""The two intermediate representations: the logical graph and the physical plan."""
