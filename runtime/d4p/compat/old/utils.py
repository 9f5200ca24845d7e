"""dispel4py.utils: finding a graph in a module, and hashes and sizes of nested data."""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from d4p.errors import Refused
from d4p.graph.workflow_graph import WorkflowGraph


def findWorkflowGraph(mod: ModuleType, attr: str | None = None) -> WorkflowGraph:
    """The graph in a module: the attribute named, or the last by name that is not a composite."""
    if attr is not None:
        return getattr(mod, attr)
    graphs = [g for _, g in sorted(vars(mod).items()) if isinstance(g, WorkflowGraph)
              and not hasattr(g, "inputmappings") and not hasattr(g, "outputmappings")]
    if not graphs:
        raise Refused(f"there is no workflow graph in the module {mod.__name__!r}")
    return graphs[-1]


def loadGraph(module_name: str, attr: str | None = None) -> WorkflowGraph:
    """Imports a module and finds its graph."""
    return findWorkflowGraph(import_module(module_name), attr)


def loadGraphFromFile(module_name: str, path: str, attr: str | None = None) -> WorkflowGraph:
    """Loads a file as the module `module_name` and finds its graph."""
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise FileNotFoundError(f"no Python file {path!r}")
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return findWorkflowGraph(module, attr)


def load_graph(graph_source: str, attr: str | None = None) -> WorkflowGraph:
    """The graph of a file or a module, whichever `graph_source` names."""
    if Path(graph_source).is_file():
        return loadGraphFromFile(Path(graph_source).stem, graph_source, attr)
    return loadGraph(graph_source, attr)


def make_hash(o: Any) -> int:
    """A hash of nested lists, tuples, sets and dicts of hashable things; equal things have equal hashes.

    Strings make it depend on PYTHONHASHSEED, as in dispel4py; groupings do not use it.
    """
    if isinstance(o, dict):
        return hash(frozenset((key, make_hash(value)) for key, value in o.items()))
    if isinstance(o, (set, frozenset)):
        return hash(frozenset(make_hash(item) for item in o))
    if isinstance(o, (list, tuple)):
        return hash(tuple(make_hash(item) for item in o))
    return hash(o)


def total_size(o: Any, handlers: dict[type, Any] | None = None, verbose: bool = False) -> int:
    """About how many bytes an object and what its containers hold take; each object counts once.

    `handlers` adds containers: type -> function that gives what one holds.
    """
    containers = {dict: lambda d: [*d, *d.values()], **dict.fromkeys((list, tuple, set, frozenset), iter),
                  **(handlers or {})}
    size, seen, todo = 0, set(), [o]
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        size += sys.getsizeof(item)
        if verbose:
            print(sys.getsizeof(item), type(item), repr(item)[:80], file=sys.stderr)
        for container, held in containers.items():
            if isinstance(item, container):
                todo.extend(held(item))
                break
    return size
