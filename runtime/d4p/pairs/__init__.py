"""Every pair of many items, in tiles: which instance makes which pairs, and what it needs for them."""
