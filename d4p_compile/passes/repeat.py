"""Mark the stages that take the same items in every run, whoever was faster.

What an earlier run made of these may be kept. So it is behind pairs whose items fall into blocks by what they are
ordered by, if the items themselves are the same:

>>> from d4p_compile.ir.graph import Grouping
>>> from d4p_compile.ir.sketch import sketch
>>> from d4p_compile.passes import run_passes
>>> for fields in (("id",), ()):
...     plan = run_passes(sketch("read pairs", pairs=(Grouping("pairs", fields), 4)), Options())
...     print([(str(stage), stage.repeatable) for stage in plan.stages])
[('read', False), ('pairs', True)]
[('read', False), ('pairs', False)]
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from ..ir.graph import Edge, Graph
from ..ir.plan import Plan, Stage
from .options import Options


def repeat(plan: Plan, options: Options) -> Plan:
    """Set `Stage.repeatable`."""
    return replace(plan, stages=tuple(replace(stage, repeatable=repeatable(plan, stage)) for stage in plan.stages))


def repeatable(plan: Plan, stage: Stage) -> bool:
    """Whether each instance of a stage takes the same items in every run with as many instances.

    What a stage takes from no other is for the engine to say.
    """
    graph, into = plan.graph, plan.channels_into(stage)
    return bool(into) and all(_by_content(channel.edge) and same(graph, channel.edge.source) for channel in into)


def same(graph: Graph, name: str) -> bool:
    """Whether a PE's instances together write the same items in every run.

    So does one that keeps no state, of items that are the same; one that does must say that their order doesn't matter
    (`any_order`), or have an order that is always the same.
    """
    steady: dict[str, bool] = {}
    for pe in _before(graph, name):
        edges = graph.edges_in[pe]
        whole = all(not edge.back and steady[edge.source] for edge in edges)
        keeps = graph.by_name[pe].state.tells_order
        steady[pe] = whole and (not keeps or _in_one_order(graph, pe))
    return steady[name]


def _by_content(edge: Edge) -> bool:
    return edge.exchange.is_pairs and bool(edge.exchange.fields)


def _in_one_order(graph: Graph, name: str) -> bool:
    """Whether there is but one way for its items to come: from a root, one instance to the next."""

    @cache
    def alone(pe: str) -> bool:
        edges = graph.edges_in[pe]
        return graph.by_name[pe].instances == 1 and len(edges) <= 1 and all(alone(edge.source) for edge in edges)

    return alone(name)


def _before(graph: Graph, name: str) -> list[str]:
    """The PE and all before it, each behind what feeds it; what leads back is left out."""
    found: dict[str, None] = {}
    waiting = [(name, False)]
    while waiting:
        pe, ready = waiting.pop()
        if ready:
            found[pe] = None
        elif pe not in found:
            waiting.append((pe, True))
            waiting += [(edge.source, False) for edge in graph.edges_in[pe] if not edge.back]
    return list(found)
