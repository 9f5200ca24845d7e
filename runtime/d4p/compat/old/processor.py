"""dispel4py.new.processor: the names that workflow files import from it; nothing here runs a workflow."""

from __future__ import annotations

from typing import Any

from d4p.compat.old.mappings import config
from d4p.compat.old.utils import load_graph, make_hash
from d4p.graph.base import WorkflowGraph
from d4p.graph.core import GROUPING, GenericPE

__all__ = [
    "GROUPING", "STATUS", "STATUS_ACTIVE", "STATUS_INACTIVE", "STATUS_TERMINATED", "GenericPE", "GenericWrapper",
    "GenericWriter", "WorkflowGraph", "config", "create_partitioned",
    "get_inputs", "load_graph", "make_hash", "simpleLogger",
]  # fmt: skip

STATUS_ACTIVE = 10
STATUS_INACTIVE = 11
STATUS_TERMINATED = 12
STATUS = {STATUS_ACTIVE: "ACTIVE", STATUS_INACTIVE: "INACTIVE", STATUS_TERMINATED: "TERMINATED"}


def simpleLogger(self: GenericPE, msg: Any) -> None:
    """Prints a message in the name of a PE."""
    print(f"{self.id} (rank {self.rank}): {msg}")


def get_inputs(pe: GenericPE, inputs: dict[Any, Any]) -> Any:
    """What `inputs` holds for a PE: under itself, its name or its id; None when nothing."""
    for key in (pe, pe.name, pe.id):
        if key in inputs:
            return inputs[key]
    return None


def create_partitioned(workflow: WorkflowGraph) -> WorkflowGraph:
    """The workflow itself: its partitions are kept when it is compiled."""
    return workflow


class GenericWriter:
    """Writes to one output of a wrapped PE."""

    def __init__(self, wrapper: Any, name: str) -> None:
        self.wrapper = wrapper
        self.name = name

    def write(self, data: Any) -> None:
        self.wrapper._write(self.name, data)


class GenericWrapper:
    """The base from which dispel4py's targets were made; here only a name to import."""

    def __init__(self, pe: GenericPE) -> None:
        self.pe = pe
