"""What becomes of items at which the PEs of a workflow fail, and which PEs have a process of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from d4p.errors import Refused
from d4p.graph.core import is_reader, makes_pairs
from d4p.graph.flatten import Flat
from d4p.graph.policies import Isolation, Policy, chosen, is_isolated, isolations, state_copied
from d4p.items import put_back


def policies(flat: Flat, pes: Mapping[str, Any], asked: Iterable[str]) -> dict[str, Policy]:
    """The policies of the PEs of a graph, which has them by name. Raises Refused, as `d4p.graph.policies.chosen`."""
    says = dict(zip(pes, flat.on_error, strict=True))
    found = chosen(pes, says, asked, {name: why for name, pe in pes.items() if (why := _why_no_policy(pe))})
    for name, policy in found.items():
        if names := state_copied(policy):
            if is_reader(pes[name]):
                raise Refused(f"{name} ({type(pes[name]).__name__}) keeps nothing from one file to the next that "
                              "copy_state could put back")
            if is_isolated(pes[name]):
                raise Refused(f"{name} ({type(pes[name]).__name__}) has a process of its own, and copy_state can't put "
                              "back what is lost with that")
            put_back.check(pes[name], name, names)
    return found


def isolated(pes: Mapping[str, Any]) -> dict[str, Isolation]:
    """Those of some PEs, by name, that have a process of their own. Raises Refused, as `policies.isolations`."""
    writers = {name: "it writes an output" for name, pe in pes.items() if hasattr(pe, "write_to")}
    readers = {name: "it reads its own input, and takes no items one by one" for name, pe in pes.items()
               if is_reader(pe)}
    return isolations(pes, writers | readers | {name: why for name, pe in pes.items() if (why := _why_no_policy(pe))})


def _why_no_policy(pe: Any) -> str:
    if makes_pairs(pe):
        return "it makes pairs of all that has come, and takes no item for itself"
    return ""
