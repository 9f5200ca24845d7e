"""What a record says of values that a user gave: what is called like a secret, or holds one, is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
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
    """A program's text without what is secret in the parameters that its workflow is made with; else as it is.

    >>> print(program('w = d4p.Workflow("a:make", parameters={"token": "x", "n": 1})'))
    w = d4p.Workflow("a:make", parameters={'token': '***', 'n': 1})
    """
    try:
        found = [word.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
                 for word in node.keywords if word.arg == "parameters"]  # fmt: skip
        for node in found:
            given, written = ast.literal_eval(node), ast.get_source_segment(source, node)
            kept = _without("", given)
            if written and kept != given:
                source = source.replace(written, repr(kept))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return ""  # nobody can tell what is in it
    return source


def _without(name: str, value: Any) -> Any:
    """A value without its secrets, all else of it kept."""
    if is_secret(name):
        return MASK
    if isinstance(value, dict):
        return {key: _without(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_without("", each) for each in value)
    return _IN_URL.sub(f"://{MASK}@", value) if isinstance(value, str) else value


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
