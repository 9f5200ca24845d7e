"""What dispel4py files import beside the workflow API; one module for each of dispel4py's (see `d4p.compat`)."""
