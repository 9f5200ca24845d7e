"""A stage at work: its PEs, what they are wired to, and what leaves it."""
