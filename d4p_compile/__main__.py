"""`python -m d4p_compile` is the command `d4p`."""

from .command.cli import main

if __name__ == "__main__":
    main()
