"""The version of the runtime: a compiled program runs with the one that it was compiled for."""

__version__ = "0.1.0"
