"""A workflow as its author writes it: PEs, composites, the graph, and what is found out by looking at it."""
