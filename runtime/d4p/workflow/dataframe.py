"""Items as a table of pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from d4p.describe.tracebacks import short
from d4p.errors import Refused


def to_pandas(items: Iterable[Any], what: str) -> Any:
    """A DataFrame with a row an item, in their order, and a column a field: dicts by their keys, NamedTuples by their
    names, tuples by number. Without items it has no columns.

    Raises Refused where pandas is missing, or an item is no such record; `what` is whose items they are.
    """
    try:
        import pandas
    except ImportError:
        raise Refused("to_pandas needs pandas: pip install pandas") from None
    rows = list(items)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, (Mapping, tuple)):
            raise Refused(f"to_pandas is for records, dicts, NamedTuples or tuples: item {number} of {what} is "
                          f"{short(row)}. pandas.Series(list(...)) takes any items")
    names = getattr(type(rows[0]), "_fields", None) if rows else None
    return pandas.DataFrame(rows, columns=list(names) if names else None)
