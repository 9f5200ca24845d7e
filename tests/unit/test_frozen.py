"""Frozen dataclasses that share their methods, beside Python's own."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from d4p import frozen


def made(dataclass: Callable[..., Any]) -> Any:
    class Edge:
        """An edge."""

        source: str
        output: str = "output"
        seen: dict[str, int] = dataclasses.field(default_factory=dict)

        def __post_init__(self) -> None:
            if not self.source:
                raise ValueError("an edge has a source")

    Edge.__qualname__ = "Edge"
    return dataclass(frozen=True)(Edge)


@dataclasses.dataclass(frozen=True)
class Pythons:
    """One of Python's."""

    name: str
    fields: tuple[str, ...] = ()


@frozen.dataclass(frozen=True)
class Ours:
    """One of ours."""

    name: str
    fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.name}>"


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or the kind of its error."""
    try:
        return call()
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("call", [
    lambda kind: repr(kind("Read", seen={"a": 1})),
    lambda kind: kind("Read") == kind(output="output", source="Read"),
    lambda kind: kind("Read") == kind("Read", "other"),
    lambda kind: kind("Read") == "Read",
    lambda kind: hash(kind("Read")),  # it holds a dict
    lambda kind: kind("Read").seen is kind("Read").seen,
    lambda kind: kind(""),
    lambda kind: kind(),
    lambda kind: kind("Read", source="Read"),
    lambda kind: kind("Read", nothing="of it"),
    lambda kind: kind("a", "b", {}, "d"),
    lambda kind: setattr(kind("Read"), "source", "Write"),
    lambda kind: setattr(kind("Read"), "other", "Write"),
    lambda kind: delattr(kind("Read"), "source"),
    lambda kind: repr(dataclasses.replace(kind("Read"), output="lines")),
    lambda kind: dataclasses.replace(kind("Read"), source=""),
    lambda kind: dataclasses.asdict(kind("Read")),
    lambda kind: [field.name for field in dataclasses.fields(kind)],
    lambda kind: kind.__match_args__,
    lambda kind: [*inspect.signature(kind).parameters],
    lambda kind: kind.output,
])  # fmt: skip
def test_it_does_what_pythons_own_does(call):
    assert outcome(lambda: call(made(frozen.dataclass))) == outcome(lambda: call(made(dataclasses.dataclass)))


def test_what_it_takes_is_told():
    assert inspect.signature(Ours) == inspect.signature(Pythons)


def test_equal_ones_are_one_key_and_of_another_kind_none():
    assert len({Ours("a", ("b",)), Ours("a", ("b",)), Ours("a")}) == 2
    assert Ours("a") != Pythons("a")


def test_a_method_of_its_own_stays():
    assert repr(Ours("a")) == "<a>"


def test_it_is_copied_and_pickled():
    one = Ours("a", ("b",))
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == copy.copy(one) == one
