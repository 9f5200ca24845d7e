"""What is known of a process that died without a word: what it held, what each instance was at, its own last lines."""
