"""The state of a PE as it was before an item, for a policy that puts it back where the PE fails for that."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from types import MethodType
from typing import Any

from d4p.errors import Refused
from d4p.graph.copies import never_changes
from d4p.graph.core import GenericPE
from d4p.items.packing import Uncopyable, own
from d4p.items.whypickle import why_unpicklable

#: What an engine puts there; nobody's state.
_NOT_STATE = {*vars(GenericPE()), "rank", "process", "_process", "process_batch", "preprocess", "postprocess", "write"}


class State:
    """Copies of the attributes of one instance of a PE.

    Args:
        pe: the instance.
        name: its name in the plan.
        names: of the attributes that are put back; True for all.
    """

    def __init__(self, pe: Any, name: str, names: bool | Collection[str]) -> None:
        self._pe, self._name = pe, name
        self._names = None if names is True else frozenset(names or ())

    def taken(self) -> tuple[dict[str, Any], Any]:
        """The state as it is. Raises Refused, naming the attribute, where it can't be copied."""
        plain, rest = {}, {}
        for name, value in vars(self._pe).items():
            if self._names is None and _is_state(name, value) or self._names is not None and name in self._names:
                (plain if never_changes(value) else rest)[name] = value
        if not rest:
            return plain, None
        try:
            return plain, pickle.dumps(rest, 5)
        except Exception:
            try:
                return plain, own(rest)
            except Uncopyable:
                raise Refused(_uncopyable(self._name, self._pe, rest)) from None

    def put_back(self, taken: tuple[dict[str, Any], Any]) -> None:
        """Have the state be as it was when it was taken; may be done several times."""
        plain, rest = taken
        before = plain | (pickle.loads(rest) if isinstance(rest, bytes) else own(rest) if rest else {})
        now = vars(self._pe)
        for name in [name for name in now if self._names is None and _is_state(name, now[name])]:
            if name not in before:
                del now[name]
        now.update(before)


def check(pe: Any, name: str, names: bool | Collection[str]) -> None:
    """Raises Refused where a PE, as the workflow's module left it, has an attribute that can't be put back."""
    State(pe, name, names).taken()


def _is_state(name: str, value: Any) -> bool:
    return name not in _NOT_STATE and not name.startswith("_d4p") and not isinstance(value, MethodType)


def _uncopyable(name: str, pe: Any, values: dict[str, Any]) -> str:
    """What is said of an instance whose attributes can't be copied."""
    for attribute, value in values.items():
        try:
            own(value)
        except Uncopyable:
            why = why_unpicklable(value) or f"a {type(value).__name__}"
            return (f"copy_state of {name} ({type(pe).__name__}) can't put back its attribute {attribute!r}, which "
                    f"can't be copied: {why}. Name those that it is to put back: copy_state=(\"counts\",)")
    return f"copy_state of {name} ({type(pe).__name__}) can't copy its attributes together"
