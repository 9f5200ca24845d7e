"""Keywords of functions that versions of dispel4py spell in several ways."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def also(**spellings: str) -> Callable[[Callable], Callable]:
    """A function that takes its keywords under other names, too: `@also(fromNode="from_node")`. Where it is given both,
    it gets what Python says of a function that is given an argument twice, a TypeError."""

    def spelled(function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            for name in spellings.keys() & keywords.keys():
                if spellings[name] in keywords:
                    raise TypeError(f"{function.__name__}() got {name} and {spellings[name]}, which are the same")
                keywords[spellings[name]] = keywords.pop(name)
            return function(*arguments, **keywords)

        return call

    return spelled
