"""What PEs logged, as a file that many processes append to, of bounded size."""

from __future__ import annotations

import os

#: Bytes after which nothing more is written.
MOST = 1 << 20
_FULL = b"... and more, which isn't kept\n"
_open: dict[str, int] = {}  # by path; a fork shares what its parent opened, as all append


def append(path: str, line: str) -> None:
    """Append a line in one piece; nothing where the file is full or can't be written, on another machine say."""
    try:
        if path not in _open:
            _open[path] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(_open[path]).st_size
        if size < MOST:
            data = f"{line}\n".encode(errors="backslashreplace")
            os.write(_open[path], data if size + len(data) < MOST else data[: MOST - size] + b"\n" + _FULL)
    except OSError:
        _open[path] = -1
