"""Random graphs in which all stages take as long, but for what is planted."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

import d4p_compile

WORKFLOW = "tests/workflows/bottlenecks.py:make"
#: Seconds that each stage takes where nothing is planted; where something is, and then what is planted.
EVEN, FEW, MUCH = 1.6, 0.3, 3.0
ITEMS, MANY, HEAVY = 120, 300_000, 700
#: Parts of a heavy item; bytes that are held where memory is short, and the megabytes that there are.
SIZE, HELD, ROOM = 600, 600 << 20, 720
#: What is planted, by target: in one process nothing is skewed, and nothing is handed over.
KINDS = ("slow", "sink", "skewed", "small", "packing", "memory")
ALONE = ("slow", "sink", "memory")


@dataclass(frozen=True)
class Planted:
    """A graph, and what a report is to say of it.

    Attributes:
        kind: what is planted; "" for nothing.
        spec: the graph, as `tests/workflows/bottlenecks.py` takes it.
        width: as `-n` says.
        pe: the name of the PE at fault, where it is one.
    """

    kind: str
    spec: str
    width: int
    pe: str = ""

    @property
    def rule(self) -> str:
        """The rule that is to find it."""
        return {"slow": "limiting", "sink": "limiting", "small": "small_items"}.get(self.kind, self.kind)


def planted(target: str, seed: int, clean: bool = False) -> Planted:
    """The graph of a seed."""
    made = random.Random(f"{target} {seed} {clean}")
    kinds = ALONE if target == "sequential" else KINDS
    kind = "" if clean else kinds[seed % len(kinds)]
    nodes, edges = _graph(made, kind)
    width = 1 if target == "sequential" else made.choice([2, 3, 4])
    plan = d4p_compile.plan(d4p_compile.load(WORKFLOW, None, {"spec": _spec(nodes, edges)}), target, width)
    names = [next(pe.name for pe in plan.graph.pes if pe.id == f"{node[0]}{at}") for at, node in enumerate(nodes)]
    nodes[0][1]["items"] = {"small": MANY, "packing": HEAVY}.get(kind, ITEMS)
    at = {"skewed": "Keyed", "sink": "Sink"}.get(kind)
    culprit = made.choice([place for place, (of, _) in enumerate(nodes) if at in (None, of)])
    for place, (_, attributes) in enumerate(nodes):
        stage = next(stage for stage in plan.stages if names[place] in stage.pes)
        side_by_side = min(_count(stage.instances), width)
        share = side_by_side / ITEMS / len(stage.pes)
        if kind not in ("small", "packing"):
            attributes["seconds"] = (FEW if kind not in ("", "memory") else EVEN) * share
        if place == culprit and kind in ("slow", "sink"):
            attributes["seconds"] = MUCH * side_by_side / ITEMS
        elif place == culprit and kind == "skewed":
            attributes["seconds"] = MUCH / ITEMS
            nodes[0][1]["skewed"] = True
        elif place == culprit and kind == "memory":
            attributes["holds"] = HELD // _count(stage.instances)
    if kind == "packing":
        nodes[0][1]["size"] = SIZE
    return Planted(kind, _spec(nodes, edges), width, names[culprit] if kind in ("slow", "sink", "skewed") else "")


def _count(instances: Any) -> int:
    return instances if isinstance(instances, int) else 1


def _graph(made: random.Random, kind: str) -> tuple[list[Any], list[Any]]:
    """A chain that may fork. What is skewed needs a PE with a key; so does what is handed over."""
    nodes: list[Any] = [["Source", {}]]
    edges: list[Any] = []
    inner = [made.choice(["Step", "Fold", "Keyed"]) for _ in range(made.randint(1, 3))]
    if kind in ("skewed", "small", "packing") and "Keyed" not in inner:
        inner.insert(made.randint(0, len(inner)), "Keyed")
    if not kind and not set(inner) - {"Fold"}:
        inner.append("Step")  # else all is in one process, which is what limits it
    for of in [*inner, "Sink"]:
        nodes.append([of, {"numprocesses": 3} if of == "Keyed" else {}])
        edges.append([len(nodes) - 2, len(nodes) - 1])
    if made.random() < 0.4 and kind not in ("small", "packing"):
        nodes.append(["Sink", {}])
        edges.append([made.randint(0, len(nodes) - 3), len(nodes) - 1])
    return nodes, edges


def _spec(nodes: list[Any], edges: list[Any]) -> str:
    return json.dumps({"nodes": nodes, "edges": edges})
