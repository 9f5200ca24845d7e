"""The folder of a compiled program: what is written into it, where, and how it comes there whole."""
