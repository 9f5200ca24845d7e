"""Starting a compiled program, watching it, and reading what it left."""
