"""What is said of items, PEs and failures, in words that are meant for the user."""
