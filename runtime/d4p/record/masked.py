"""What a record says of values that a user gave: what is called like a secret, or holds one, is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from d4p.describe.printable import printable
from d4p.describe.secret_names import is_secret

#: What stands in its place.
MASK = "***"
#: Characters of a text, and values of a list or mapping, that are kept.
LONGEST, MOST = 500, 100
_IN_URL = re.compile(r"://[^/@\s]*@")


def masked(name: str, value: Any) -> Any:
    """A value as JSON may have it, under the name that it was given by.

    >>> masked("path", "hdfs://me:pw@host/a"), masked("db", {"password": "swordfish", "port": 1})
    ('hdfs://***@host/a', {'password': '***', 'port': 1})
    """
    if is_secret(name):
        return MASK
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): masked(str(key), each) for key, each in [*value.items()][:MOST]}
    if isinstance(value, (list, tuple)):
        found = [masked("", each) for each in value[:MOST]]
        return found if len(value) <= MOST else [*found, f"... and {len(value) - MOST:,} more"]
    return text(value if isinstance(value, str) else repr(value))


def text(said: str, longest: int = LONGEST) -> str:
    """A text without what is secret in its URLs, and not too long."""
    shown = _IN_URL.sub(f"://{MASK}@", printable(said))
    return shown if len(shown) <= longest else f"{shown[:longest]}..."


def program(source: str) -> str:
    """A program's text without what is secret in the parameters that its workflow is made with; else as it is, or
    nothing where it is no program.

    >>> print(program('w = Workflow("a", parameters={"token": "x", "n": 1, "at": "s3://me:pw@b/a"})'))
    w = Workflow("a", parameters={"token": "***", "n": 1, "at": 's3://***@b/a'})
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    if "parameters" not in source:  # as in most programs: there is nothing to look for
        return source
    given = [word.value for node in ast.walk(tree) if isinstance(node, ast.Call)
             for word in node.keywords if word.arg == "parameters"]  # fmt: skip
    found = [each for node in given for each in _secrets(node, "")]
    text, starts = source.encode(), [0]
    for line in text.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for node, instead in sorted(found, key=lambda each: (-each[0].lineno, -each[0].col_offset)):
        assert node.end_lineno is not None and node.end_col_offset is not None, "it was parsed"
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        text = text[:begin] + instead.encode() + text[end:]
    return text.decode()


def _secrets(node: ast.expr, name: str) -> Iterator[tuple[ast.expr, str]]:
    """What is secret of a value that stands in a program, each with what is to stand there."""
    if is_secret(name):
        yield node, f'"{MASK}"'
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _IN_URL.search(node.value):
        yield node, repr(_IN_URL.sub(f"://{MASK}@", node.value))
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _secrets(value, str(key.value) if isinstance(key, ast.Constant) else "")
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _secrets(child, "")


def words(command: list[str]) -> list[str]:
    """The words of a command; the value of an option that is called like a secret is left out, and so are those in
    JSON, which stand masked elsewhere.

    >>> words(["job.py", "--limit=3", "--api-key=abc", "-d", '{"read": [{"token": "x"}]}'])
    ['job.py', '--limit=3', '--api-key=***', '-d', '***']
    """
    found = []
    for word in command:
        name, equals, value = word.partition("=")
        if word.lstrip().startswith("{") or value.lstrip().startswith("{"):
            word = f"{name}={MASK}" if equals and not word.lstrip().startswith("{") else MASK
        elif equals and is_secret(name.lstrip("-")):
            word = f"{name}={MASK}"
        found.append(text(word))
    return found
