"""Names for PEs and what identifies a graph: the same in the compiler and in a compiled program."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from d4p.graph.flatten import Flat


def labels(flat: Flat) -> dict[str, str]:
    """`{PE id: name}` with names that are unique: the PE's own name where no other has it, else its id."""
    times = Counter(one_line(pe.name) for pe in flat.pes)
    ids = {one_line(pe.id) for pe in flat.pes}
    chosen: dict[str, str] = {}
    taken = set()
    for pe in flat.pes:
        name = one_line(pe.name)
        label = name if times[name] == 1 and (name == pe.id or name not in ids) else one_line(pe.id)
        while label in taken:  # two ids that differ only in what can't be seen
            label += "_"
        chosen[pe.id] = label
        taken.add(label)
    return chosen


def one_line(name: object) -> str:
    """A name as it can stand in a plan and in a comment: white space is one blank, what can't be seen a question
    mark."""
    seen = "".join(c if c.isprintable() or c.isspace() else "?" for c in str(name))
    return " ".join(seen.split()) or "pe"


def fingerprint(flat: Flat) -> str:
    """16 hex digits that two graphs share if they have the same PEs, ports, groupings, counts and edges.

    A worker compares it with its plan's: a workflow that builds another graph each time it is imported
    cannot be run in several processes.
    """
    shape: dict[str, Any] = {
        "pes": [
            [
                pe.id,
                type(pe).__name__,  # and not __qualname__, which a class loses that is pickled with its code
                [[str(name), _grouping(port)] for name, port in pe.inputconnections.items()],
                [str(name) for name in pe.outputconnections],
                pe.numprocesses,
                bool(pe.single),
            ]
            for pe in flat.pes
        ],
        "edges": [[e.source.id, str(e.output), e.dest.id, str(e.input)] for e in flat.edges],
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def _grouping(port: Any) -> str:
    grouping = port.get("grouping") if isinstance(port, dict) else None
    return repr(list(grouping)) if isinstance(grouping, (list, tuple)) else repr(grouping)
