"""Outputs that are there whole or not at all, whatever is killed, run again or full: see `d4p.commit.folder`."""
