"""Writing programs: the code of a stage is the same text on every target."""
