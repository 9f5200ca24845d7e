"""Where a class or a function comes from: d4p itself, a library, or the user."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from types import FunctionType
from typing import Any

PLAIN_MODULES = ("d4p.graph.core", "d4p.graph.base")
"""The modules whose own methods are known to keep no state and to write nothing by themselves."""

STDLIB_FOLDERS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
"""What the paths of the standard library's files begin with; those of site-packages may, too."""


def is_plain(cls: type) -> bool:
    """Is it one of d4p's own base classes (GenericPE, IterativePE, ...)?"""
    return cls is object or cls.__module__ in PLAIN_MODULES


def is_d4p(thing: Any) -> bool:
    """Does a class or function belong to d4p?"""
    return (getattr(thing, "__module__", None) or "").split(".")[0] == "d4p"


def is_stdlib(thing: Any) -> bool:
    return _origin(_module_of(thing)) == "stdlib"


def is_user(thing: Any) -> bool:
    """Was a class or function written for this workflow (neither stdlib, nor site-packages, nor d4p)?"""
    if is_d4p(thing):
        return False
    return _origin(_module_of(thing)) == "user"


def _module_of(thing: Any) -> str:
    """The module whose code it is: what functools.wraps copied to a wrapper doesn't count."""
    if isinstance(thing, FunctionType):
        return thing.__globals__.get("__name__") or "__main__"
    return getattr(thing, "__module__", None) or "builtins"


@lru_cache(maxsize=4096)
def _origin(module: str) -> str:
    """"stdlib", "site" or "user", of a module by name."""
    if module == "__main__":
        return "user"
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    if "site-packages" in file or "dist-packages" in file:
        return "site"
    if file.startswith(STDLIB_FOLDERS) or not file and module.split(".")[0] in sys.stdlib_module_names:
        return "stdlib"
    return "user"
