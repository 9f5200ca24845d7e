"""Every extra of setup.py in an environment that has it alone: `python -m tests.extras [NAME...]`.

d4p is installed there as a user would, `d4p targets` has to say what runs, and that, and nothing else, has to run.
"""
