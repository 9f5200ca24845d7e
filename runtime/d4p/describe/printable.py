"""What is printed of names, items and messages: no byte of it moves the cursor, hides text or answers for the user."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import IO, Any

from d4p.errors import RunFailed
from d4p.host.lines import write_line

#: Control characters but for the line feed and the tab, marks that turn text round, and halves of characters.
_HIDDEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: Any) -> str:
    r"""A text as a terminal may have it: what it would obey is written out.

    >>> printable("a\x1b[2Jb\r\n\u202ec"), printable("two\nlines")
    ('a\\x1b[2Jb\n\\u202ec', 'two\nlines')
    """
    return _HIDDEN.sub(_written_out, str(text).replace("\r\n", "\n"))


def _written_out(found: re.Match) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def echo(lines: str | Iterable[str] = "") -> None:
    """Print lines on stdout. Whoever reads it may have read enough (`| head`): that is no fault.

    Raises RunFailed where it can't be written for another reason, a full disk say.
    """
    for line in [lines] if isinstance(lines, str) else lines:
        put(f"{printable(line)}\n")
    put("")


def put(text: str) -> None:
    """Write on stdout a text that is printable; "" only hands over what was written before."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        _to_nowhere(sys.stdout)
    except OSError as error:
        _to_nowhere(sys.stdout)
        raise RunFailed(f"stdout can't be written: {error.strerror or error}") from None


def complain(line: str) -> None:
    """Print a line on stderr, if that is possible."""
    try:
        if sys.stderr is not None:
            write_line(printable(line), sys.stderr)
    except OSError:
        if sys.stderr is not None:
            _to_nowhere(sys.stderr)


def _write(stream: IO[str] | None, text: str) -> None:
    if stream is None:
        return
    if not text:
        stream.flush()
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal of another encoding
        encoding = getattr(stream, "encoding", "ascii")
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _to_nowhere(stream: IO[str]) -> None:
    """What is still in its buffer must not fail once more, at the end of the process."""
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):  # no file of the system's
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def open_streams() -> None:
    """Streams that are closed lead nowhere: else the next files to be opened would get what is printed."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            if getattr(sys, name) is None:
                setattr(sys, name, open(number, mode, closefd=False))
