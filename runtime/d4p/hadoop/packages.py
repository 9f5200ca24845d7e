"""The packages that pyspark needs beside itself, as its own metadata states them: which, how new, and what is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any

#: The names of pyspark on PyPI: the whole, and the clients of Spark Connect.
_PYSPARK = ("pyspark", "pyspark-connect", "pyspark-client")
#: What its DataFrames need where it has no metadata, as in the folder that SPARK_HOME names.
_SURELY = {"sql": ("pandas", "pyarrow"), "connect": ("grpcio", "pandas", "pyarrow")}
_REQUIREMENT = re.compile(r"([\w.-]+)\s*\(?\s*([^;)]*)\)?\s*(?:;\s*(.*))?")


def lacking(extra: str) -> list[str]:
    """The packages that the installed pyspark wants for an extra of its (`sql`: DataFrames with Python's functions,
    `connect`) and that aren't here or are too old, such as `pandas>=2.2.0`, or `pandas>=2.2.0 (2.1.4 is installed)`."""
    return [f"{name}{f'>={least}' if least else ''}{f' ({found} is installed)' if found else ''}"
            for name, least in _wanted(extra) if _older(found := _installed(name), least)]


def remedy(lacks: list[str]) -> str:
    """The command that installs what is lacking."""
    return f"pip install {' '.join(f'{each.partition(chr(32))[0]!r}' for each in lacks)}"


def _wanted(extra: str) -> Iterator[tuple[str, str]]:
    """(name, least version or "") of what the installed pyspark wants."""
    for name in _PYSPARK:
        try:
            stated = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in stated:
            found: Any = _REQUIREMENT.match(requirement)
            package, versions, marker = found.groups()
            if marker is None or re.search(rf"""extra\s*==\s*['"]{extra}['"]""", marker):
                least = re.search(r">=\s*([\d.]+)", versions)
                yield package, least[1] if least else ""
        return
    yield from ((name, "") for name in _SURELY[extra])


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _older(found: str | None, least: str) -> bool:
    """Whether a version is older than another, or there is none.

    >>> _older("2.10.0", "2.2"), _older("2.1.4", "2.2.0"), _older(None, ""), _older("18.0.0.dev1", "18")
    (False, True, True, False)
    """
    return found is None or _numbers(found) < _numbers(least)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])]
