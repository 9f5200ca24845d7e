"""What runs a program: one package or module for each engine, and what several of them share."""
