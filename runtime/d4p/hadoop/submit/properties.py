"""Files of settings as Java's `Properties.load` reads them, and so Spark: spark-defaults.conf, a profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: A setting ends at the first space, `=` or `:` that has no backslash before it; one `=` or `:` may stand between.
_KEY = re.compile(r"((?:\\.|[^\\\s=:])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_MEANS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def lines(text: str) -> Iterator[tuple[int, str, str]]:
    r"""The number of each line that is a setting, the setting, and its value, which may be empty.

    >>> list(lines("# why\nspark.a  1 2\nspark.b = x=y\nspark.c one,\\\n  two\nspark.d\n"))
    [(2, 'spark.a', '1 2'), (3, 'spark.b', 'x=y'), (4, 'spark.c', 'one,two'), (6, 'spark.d', '')]
    """
    natural = iter(enumerate(re.split(r"\r\n|\r|\n", text), 1))
    for number, line in natural:
        line = line.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        while _goes_on(line):
            line = line[:-1] + next(natural, (0, ""))[1].lstrip(" \t\f")
        parts: Any = _KEY.fullmatch(line)  # any line fits
        key, value = parts.groups()
        yield number, _plain(key), _plain(value).strip()  # Spark strips them


def _goes_on(line: str) -> bool:
    """Whether the next line belongs to this one: it ends with a backslash that nothing escapes."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _plain(word: str) -> str:
    """A word with what its backslashes stand for."""

    def one(found: re.Match) -> str:
        what: str = found[1]
        return chr(int(what[1:], 16)) if len(what) == 5 else _MEANS.get(what, what)

    return _ESCAPED.sub(one, word)
