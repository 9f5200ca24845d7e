"""What may limit a run: a rule each, with why its figures are these and what would help."""
