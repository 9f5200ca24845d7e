"""The workflow of a compiled program: loaded where it is needed, its inputs and its results."""
