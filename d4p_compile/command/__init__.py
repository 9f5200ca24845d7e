"""The command `d4p`: its options, what it shows meanwhile, and what it hands on."""
