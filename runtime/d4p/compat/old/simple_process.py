"""dispel4py.simple_process, where dispel4py kept it until 2014: the results are `{(PE id, port): items}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from d4p.compat.direct import process_and_return
from d4p.graph.workflow_graph import WorkflowGraph


def process(workflow: WorkflowGraph, inputs: Mapping[Any, Any] | None = None) -> dict[tuple[str, str], list[Any]]:
    """Runs the workflow at once in this process."""
    results = process_and_return(workflow, inputs)
    return {(pe, port): items for pe, ports in results.items() for port, items in ports.items()}
