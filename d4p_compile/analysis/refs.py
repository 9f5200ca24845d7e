"""What an expression in a method may refer to, and what is done with it.

`self.counts[word]` is the Ref `self .counts [in]`: a root and the steps from it. A step is (kind, name):
``attr`` an attribute, ``in`` anything inside a container, at any depth, ``slice`` a slice of it, ``copy`` a shallow
copy, ``ret`` the result of its method of that name (`self.table.get(k)`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


class Root:
    """Where a reference starts: ``self``, ``super``, a known ``value`` (a global), or a ``param`` bound later."""

    __slots__ = ("kind", "name", "value")

    def __init__(self, kind: str, name: str, value: Any = None):
        self.kind, self.name, self.value = kind, name, value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Root) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple:
        return self.kind, self.name, id(self.value)


@dataclass(frozen=True)
class Ref:
    """A root and the steps from it; `held` says: not the thing itself but a new container that holds it."""

    root: Root
    steps: tuple[tuple[str, str], ...] = ()
    held: bool = False

    @property
    def bare(self) -> bool:
        return not self.steps and not self.held

    def then(self, kind: str, name: str = "") -> Ref:
        """One step further; being inside of something inside is being inside."""
        if kind == "in" and self.steps and self.steps[-1][0] == "in":
            return self
        return Ref(self.root, self.steps + ((kind, name),))

    def before(self) -> Ref:
        """The reference without its last step."""
        return Ref(self.root, self.steps[:-1])

    def __str__(self) -> str:
        text = self.root.name
        for kind, name in self.steps:
            text += {"attr": f".{name}", "in": "[...]", "slice": "[:]", "copy": ".copy()", "ret": f".{name}()"}[kind]
        return text


Refs = frozenset  # of Ref
NONE: Refs = frozenset()
SELF = Ref(Root("self", "self"))
SUPER = Ref(Root("super", "super()"))


def value_ref(name: str, value: Any) -> Refs:
    """The reference to a global or a closure's variable whose value is known."""
    return frozenset([Ref(Root("value", name, value))])


def hold(refs: Iterable[Ref]) -> Refs:
    """A new container with `refs` in it."""
    return frozenset(Ref(r.root, r.steps, held=True) for r in refs)


def item(refs: Iterable[Ref]) -> Refs:
    """What iterating over or indexing `refs` gives."""
    return frozenset(Ref(r.root, r.steps) if r.held else r.then("in") for r in refs)


def unpack(refs: Iterable[Ref]) -> Refs:
    """What unpacking `refs` gives: their items, or themselves where a tuple such as enumerate's was looked through."""
    return item(refs) | frozenset(Ref(r.root, r.steps) for r in refs if r.root.kind != "self" or r.steps)


@dataclass(frozen=True)
class Op:
    """Something a method does that keeps state, always or depending on the value of `ref`.

    kind: always (`name` is an attribute of self that is assigned), rank (reads self.rank), store (assign into it), aug
    (`name += ...`), call (method `name`), invoke (call the thing itself), pass (to an unknown function), lend (to a
    library function), iter, next, contains, getitem.
    """

    kind: str
    ref: Ref | None
    name: str
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what} {self.where}"

    @property
    def on(self) -> Ref:
        """What it works on, of a kind that depends on that."""
        assert self.ref is not None, self.kind
        return self.ref


@dataclass
class Trace:
    """What was seen while methods were walked: operations, in order, and the methods of self that are mentioned.

    `taken` are those mentioned without a call, or called by a nested function: they may run at any later time.
    """

    ops: dict[Op, None] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)
    super_mentions: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    super_taken: set[str] = field(default_factory=set)
    walked: dict[tuple, Refs] = field(default_factory=dict)
