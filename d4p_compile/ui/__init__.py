"""Runs in a browser, live: the pages of reports over loopback, a table of all runs, two of them side by side."""
