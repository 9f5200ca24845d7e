"""From a workflow file, module or live graph to the logical IR."""
