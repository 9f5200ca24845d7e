"""Input that lies beside the workflow travels with it."""

from __future__ import annotations

import os
from pathlib import Path

from d4p.graph.core import is_reader
from d4p.graph.flatten import flatten
from d4p.graph.workflow_graph import WorkflowGraph


def inputs_beside(graph: WorkflowGraph, folder: Path) -> set[Path]:
    """The files under `folder` that the graph's library readers will read."""
    found: set[Path] = set()
    for reader in filter(is_reader, flatten(graph).pes):
        for path in (Path(p) for p in getattr(reader, "paths", ()) if os.path.isabs(str(p))):
            if folder in path.parents:
                files = [path] if path.is_file() else path.iterdir() if path.is_dir() else path.parent.glob(path.name)
                found.update(f for f in files if f.is_file())
    return found
