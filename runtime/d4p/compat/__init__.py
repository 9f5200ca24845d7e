"""`import dispel4py...` finds the API of this package: `install()`, and what old files import beside it."""

from d4p.compat.finder import PROVIDED, Dispel4pyFinder, install, is_loading, loading, refuse_while_loading

__all__ = ["PROVIDED", "Dispel4pyFinder", "install", "is_loading", "loading", "refuse_while_loading"]
