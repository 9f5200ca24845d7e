"""What a dispel4py workflow imports, and what a compiled program runs on."""

__version__ = "0.1.0"
