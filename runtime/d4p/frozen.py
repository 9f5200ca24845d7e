"""Frozen dataclasses whose classes are quickly made.

`dataclass(frozen=True)` writes six methods for each class and compiles them: for the classes of a program or a plan, a
good part of all that a small workflow takes (`python -m tests.benchmarks.before`). Here they share their methods. To
make an object takes longer, so this is for what is made once, a channel or a plan, and not for what is made for each
item.
"""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen):
        """What `dataclasses.dataclass` does, for classes whose fields are all arguments, and compared.

        >>> @dataclass(frozen=True)
        ... class Edge:
        ...     source: str
        ...     output: str = "output"
        >>> Edge("Read"), Edge("Read") == Edge(source="Read", output="output"), {Edge("a"), Edge("a")}
        (Edge(source='Read', output='output'), True, {Edge(source='a', output='output')})
        """
        assert frozen, "others are made by Python's own"
        return _made


def _made(cls: type) -> type:
    made = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = made.__dataclass_fields__
    values = attrgetter(*fields) if fields else lambda self: ()

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    for method in (__init__, __repr__, __eq__, __hash__, __setattr__, __delattr__):
        if method.__name__ not in vars(cls):
            setattr(cls, method.__name__, method)
    made.__signature__ = _Signature()
    return made


class _Signature:
    """What `help` and `inspect.signature` say that a class takes, made when they ask."""

    def __get__(self, instance: object, cls: Any) -> inspect.Signature:
        return inspect.Signature([
            inspect.Parameter(field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=field.type,
                              default=inspect.Parameter.empty if _is_asked(field) else field.default)
            for field in dataclasses.fields(cls)
        ], return_annotation=None)  # fmt: skip


def _is_asked(field: dataclasses.Field) -> bool:
    """Whether a field has no default."""
    return field.default is MISSING and field.default_factory is MISSING


def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807
    fields = self.__dataclass_fields__
    values = dict(zip(fields, given, strict=False))
    if len(given) > len(fields) or not named.keys() <= fields.keys() - values.keys():
        raise TypeError(f"{type(self).__name__} has the fields {', '.join(fields)}, each of which is given once; it "
                        f"was given {len(given)} by their order, and {', '.join(named) or 'none'} by name")
    values |= named
    for name, its in fields.items():
        if name not in values:
            if its.default_factory is not MISSING:
                values[name] = its.default_factory()
            elif _is_asked(its):
                raise TypeError(f"{type(self).__name__} must be given {name}: it has no default")
            else:
                values[name] = its.default
    vars(self).update(values)
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def __repr__(self: Any) -> str:  # noqa: N807
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{type(self).__qualname__}({shown})"


def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:  # noqa: N807
    raise FrozenInstanceError(f"cannot delete field {name!r}")
