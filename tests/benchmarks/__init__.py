"""Speed as ratios: what a compiled program takes, beside what does the same without it, in one run."""
