"""The methods of a class as Python finds them: the first definition along the MRO, and those behind it."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType
from typing import Any

from d4p_compile.analysis.origin import PLAIN_MODULES, is_plain, is_stdlib, is_user
from d4p_compile.analysis.source import plain_functions


def is_plain_function(function: Any) -> bool:
    """Is it a method of d4p's own base classes (also where a subclass took it over under another name)?"""
    return getattr(function, "__module__", None) in PLAIN_MODULES


@dataclass(frozen=True, eq=False)
class MethodTable:
    """name -> the functions behind the first definition, and name -> those of all definitions of the user's classes.

    `bound` are names of objects of the user's classes that stand in the place of methods, as a decorator that is a
    class makes them: they are given self, and what they do with it isn't followed. None of them is in `functions`.
    """

    functions: dict[str, list[FunctionType]]
    every: dict[str, list[FunctionType]]
    static: frozenset[str]
    mro: tuple[type, ...]
    bound: frozenset[str] = frozenset()

    def own(self, name: str, also_hidden: bool = False) -> list[FunctionType]:
        """The functions to read for a mention of `name`: not those of d4p's base classes."""
        found = (self.every if also_hidden else self.functions).get(name, [])
        return [f for f in found if not is_plain_function(f)]


def table_of(cls: type) -> MethodTable:
    """The methods of `cls`; those of the standard library's classes are left out."""
    functions: dict[str, list[FunctionType]] = {}
    every: dict[str, list[FunctionType]] = {}
    static: set[str] = set()
    bound: set[str] = set()
    defined: set[str] = set()
    for owner in cls.__mro__:
        if owner is object or is_stdlib(owner) and not is_plain(owner):
            continue
        generated = "__dataclass_fields__" in vars(owner) or "__attrs_attrs__" in vars(owner)
        for name, value in vars(owner).items():
            found = plain_functions(value)
            if any(map(is_user, found)):  # of a library's decorator only the user's function is read
                found = [f for f in found if is_user(f)]
            if generated and name.startswith("__") and any(_is_generated(f) for f in found):
                continue
            if name not in defined and callable(value) and is_user(type(value)):
                bound.update([name] if hasattr(value, "__get__") else [])
            elif found and name not in defined:
                functions[name] = found
                static.update([name] if isinstance(value, staticmethod) else [])
            every.setdefault(name, []).extend(found)
            defined.add(name)
    return MethodTable(functions, every, frozenset(static), cls.__mro__, frozenset(bound))


def _is_generated(function: FunctionType) -> bool:
    return function.__code__.co_filename.startswith("<")
