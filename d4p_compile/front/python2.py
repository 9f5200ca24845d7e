"""Say so, with its line, when a file is Python 2."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

from d4p.errors import Refused

_SIGNS = (
    (r"^\s*print\s+[^(=\s.]", "print is a function: print(...)"),
    (r"^\s*print\s*>>", "print is a function: print(..., file=...)"),
    (r"^\s*except\s+[\w.()\s,]+,\s*\w+\s*:", "write `except Error as e:`"),
    (r"^\s*raise\s+\w[\w.]*\s*,", "write `raise Error(message)`"),
    (r"^\s*exec\s+[\"'\w]", "exec is a function: exec(...)"),
    (r"(?<![\w'\"])0[0-7]+(?![\w.'\"])", "octal numbers are written 0o17"),
    (r"\bur[\"']", "there are no ur'' strings"),
    (r"`[^`]+`", "write repr(x) for backquotes"),
    (r"<>", "write != for <>"),
    (r"\bdef\s+\w+\([^)]*\([^)]*\)[^)=]*\)\s*:", "tuple parameters are gone: unpack in the body"),
    (r"\d+[lL]\b", "integers have no L"),
)
_MODULES = {"urllib2", "cStringIO", "StringIO", "ConfigParser", "Queue", "cPickle", "commands", "httplib", "urlparse"}
_HINT = "Convert it to Python 3 (2to3 or futurize do most of it) and try again."


def check_python3(file: Path) -> None:
    """Raise Refused if the file doesn't parse: as Python 2 with its line and a hint, or as the syntax error it is."""
    try:
        text = file.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # the import says it
            ast.parse(text, filename=str(file))
    except SyntaxError as error:
        line = (text.decode("utf-8", "replace").splitlines() or [""])[max((error.lineno or 1), 1) - 1 :][:1]
        shown = line[0] if line else ""
        if isinstance(error, TabError):
            raise Refused(_python2(file, error.lineno, shown, "tabs and spaces can't be mixed in one block")) from None
        for pattern, hint in _SIGNS:
            if re.search(pattern, shown):
                raise Refused(_python2(file, error.lineno, shown, hint)) from None
        raise Refused(f"{file}:{error.lineno}: {error.msg}\n    {shown.strip()}") from None
    except (OSError, ValueError) as error:
        raise Refused(f"{file} can't be read: {error}") from None


def _python2(file: Path, line: int | None, shown: str, hint: str) -> str:
    return f"{file}:{line} is Python 2: {hint}\n    {shown.strip()}\n{_HINT}"


def python2_import(file: str, line: int | None, module: str) -> str | None:
    """A message if a missing module is one that only Python 2 has."""
    if module.split(".")[0] in _MODULES:
        return f"{file}:{line} is Python 2: there is no module {module} in Python 3.\n{_HINT}"
    return None
