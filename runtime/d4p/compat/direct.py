"""Runs a graph at once in this process, one instance a PE: dispel4py's `simple_process`.

For a look at a small workflow from Python or a notebook; it works on the graph's own PE objects, as dispel4py does,
so what they keep can be looked at afterwards. `d4p run` is the way to run a workflow in earnest.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from d4p.compat.finder import refuse_while_loading
from d4p.errors import Refused
from d4p.graph.flatten import Flat, flatten, leading_back, topological
from d4p.graph.workflow_graph import WorkflowGraph

Call = tuple[Any, dict[str, Any]]  # a PE and {port: item}


def process_and_return(workflow: WorkflowGraph, inputs: Mapping[Any, Any] | None = None,
                       resultmappings: Mapping[str, Any] | None = None) -> dict[str, dict[str, list[Any]]]:
    """Runs the workflow and returns `{PE id: {port: items}}` of its unconnected outputs.

    Each item goes all the way to the sinks before the next; then `postprocess` runs in topological order. Where the
    graph has cycles, what an edge leads back waits in line until all else is processed, before the next item of a root
    too, and `postprocess` runs in order of addition.

    Args:
        inputs: root PE, its id, its name or its class name -> how many times it runs with `{}`, or a list of dicts.
            A root that isn't named runs once with `{}`.
        resultmappings: PE id -> its ports whose items are returned, connected or not; then no others are.
    """
    refuse_while_loading("process_and_return")
    return _run(workflow, inputs or {}, resultmappings)


def process(workflow: WorkflowGraph, inputs: Mapping[Any, Any] | None = None, args: Any = None,
            resultmappings: Mapping[str, Any] | None = None) -> None:
    """Runs the workflow like `process_and_return` and prints its inputs and outputs."""
    refuse_while_loading("process")
    print(f"Inputs: {({getattr(pe, 'id', pe): given for pe, given in (inputs or {}).items()})}")
    print(f"Outputs: {_run(workflow, inputs or {}, resultmappings)}")


def _run(workflow: WorkflowGraph, inputs: Mapping[Any, Any],
         resultmappings: Mapping[str, Any] | None) -> dict[str, dict[str, list[Any]]]:
    flat = flatten(workflow)
    given = _root_inputs(flat, inputs)
    results: dict[str, dict[str, list[Any]]] = {}
    written = _Written()
    writers = [pe for pe in flat.pes if hasattr(pe, "write_to")]
    begun: list[Any] = []
    try:
        for pe in writers:
            pe.begin_output()
            begun.append(pe)
        cyclic = _wire(flat, written, results, resultmappings)
        order = topological(flat.pes, flat.edges)
        for pe in order:
            pe.preprocess()
        written.drain()
        for call in given:
            written.next.append(call)
            written.drain()
        for pe in flat.pes if cyclic else order:
            pe.postprocess()
            written.drain()
        for pe in writers:
            pe.commit_output()
    except BaseException:
        for pe in begun:
            pe.abort_output()
        raise
    finally:
        for pe in flat.pes:
            vars(pe).pop("_d4p_ports", None)
    return results


class _Written:
    """What PEs wrote and nobody has processed yet: `next` goes before all else, `back` waits for all else."""

    def __init__(self) -> None:
        self.next: list[Call] = []
        self.back: deque[Call] = deque()

    def drain(self) -> None:
        """Processes all there is and all that comes of it, depth first."""
        pending: deque[Call] = deque()
        while True:
            pending.extendleft(reversed(self.next))
            self.next.clear()
            if not pending:
                if not self.back:
                    return
                pending.append(self.back.popleft())
            pe, item = pending.popleft()
            outputs = pe.process(item)
            if outputs is not None:
                if not isinstance(outputs, Mapping):
                    raise TypeError(f"{pe.id}: process must return a dict {{port: item}} or None, not {outputs!r:.80}")
                for port, value in outputs.items():
                    pe.write(port, value)


def _wire(flat: Flat, written: _Written, results: dict[str, dict[str, list[Any]]],
          resultmappings: Mapping[str, Any] | None) -> bool:
    """Gives every PE a callable for each output; tells whether the graph has cycles."""
    consumers: dict[tuple[str, str], list[tuple[Any, str, Any]]] = {}
    leads_back = leading_back(flat.pes, flat.edges)
    for edge, back in zip(flat.edges, leads_back, strict=True):
        for pe, port, ports, kind in ((edge.source, edge.output, edge.source.outputconnections, "output"),
                                      (edge.dest, edge.input, edge.dest.inputconnections, "input")):
            if port not in ports:
                raise Refused(f"{edge.where}: {pe.id} has no {kind} {port!r} (it has:"
                              f" {', '.join(map(repr, ports)) or 'none'})")
        queue = written.back if back else written.next
        consumers.setdefault((edge.source.id, edge.output), []).append((edge.dest, edge.input, queue))
    for pe in flat.pes:
        pe._d4p_ports = {}
        for port in pe.outputconnections:
            to = consumers.get((pe.id, port), [])
            kept = not to if resultmappings is None else port in resultmappings.get(pe.id, ())
            pe._d4p_ports[port] = _sender(pe.id, port, to, kept, results)
    return any(leads_back)


def _sender(pe_id: str, port: str, to: list[tuple[Any, str, Any]], kept: bool,
            results: dict[str, dict[str, list[Any]]]) -> Callable[[Any], None]:
    def send(item: Any) -> None:
        if kept:
            results.setdefault(pe_id, {}).setdefault(port, []).append(copy.deepcopy(item) if to else item)
        for consumer, input_port, queue in to:  # each has an item of its own
            queue.append((consumer, {input_port: copy.deepcopy(item) if len(to) > 1 else item}))

    return send


def _root_inputs(flat: Flat, inputs: Mapping[Any, Any]) -> list[tuple[Any, dict[str, Any]]]:
    fed = {id(edge.dest) for edge in flat.edges}
    roots = [pe for pe in flat.pes if id(pe) not in fed]
    given: dict[int, list[Any]] = {}
    for key, value in inputs.items():
        named = [pe for pe in roots if pe is key]
        for names in (lambda pe: pe.id, lambda pe: pe.name, lambda pe: type(pe).__name__):
            named = named or [pe for pe in roots if isinstance(key, str) and names(pe) == key]
        if not named:
            known = ", ".join(pe.id for pe in roots) or "none"
            raise Refused(f"an input is given for {getattr(key, 'id', key)!r}, which is not a root of the workflow"
                          f" (a PE without connected inputs); the roots are: {known}")
        items = [{}] * value if isinstance(value, int) else [value] if isinstance(value, Mapping) else list(value)
        for pe in named:
            given[id(pe)] = items
    return [(pe, copy.deepcopy(item)) for pe in roots for item in given.get(id(pe), [{}])]
