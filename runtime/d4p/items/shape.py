"""What is read back, from a file or a command line, is looked at before it is believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeGuard

#: What a value must be: a class; several shapes, of which one; a predicate; {name: shape}, names that must be there
#: among others; {shape of a name: shape}, any number of those; [shape], a list of those.
Shape = Any


def parsed(text: str | bytes, **how: Any) -> Any:
    """The value of JSON. Raises ValueError, also where it is nested deeper or has longer integers than Python reads."""
    try:
        return json.loads(text, **how)
    except RecursionError:
        raise ValueError("it is nested too deeply to be read") from None


def fits(value: Any, shape: Shape) -> TypeGuard[Any]:
    """
    >>> fits({"run": "a", "parts": {"x": 1}}, {"run": str, "parts": {str.isalpha: int}})
    True
    >>> fits([1, True], [int]), fits({"run": None}, {"run": (str, None)}), fits({}, {"run": str})
    (False, True, False)
    """
    if shape is None:
        return value is None
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_has(value, name, of) for name, of in shape.items())
    if isinstance(shape, type):
        return isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    return _holds(shape, value)


def _has(value: dict, name: Any, of: Shape) -> bool:
    if isinstance(name, str):
        return name in value and fits(value[name], of)
    return all(fits(key, name) and fits(one, of) for key, one in value.items())


def _holds(predicate: Callable[[Any], bool], value: Any) -> bool:
    try:
        return bool(predicate(value))
    except (TypeError, ValueError, AttributeError):
        return False


def count(value: Any) -> bool:
    """Whether it is a number of things, as a file of this machine may have."""
    return type(value) is int and 0 <= value < 1 << 63
