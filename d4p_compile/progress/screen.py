"""What a screen is: where the events of a run go while it lasts."""

from __future__ import annotations

from typing import Any


class Screen:
    """A context manager around a run. `stdout` and `stderr` are what the program writes to, as for `subprocess`."""

    stdout: Any = None
    stderr: Any = None

    def watch(self, event: dict[str, Any]) -> None:
        """Take an event of the program."""

    def say(self, line: str) -> None:
        """A line of ours, on stdout."""

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *exc: object) -> None:
        pass
