"""What launchers of MPI say of the end of a run, in blocks between two lines of dashes: kept back, since the run's own
message says it in a sentence."""

from __future__ import annotations

import re

_RULER = re.compile(rb"[-=]{20,}\s*")
#: How a block begins that says of the ranks' end what the run itself says better: Open MPI 4 and 5, MPICH.
_BEGINS = re.compile(rb"MPI_ABORT was invoked on rank |Primary job +terminated normally, but |"
                     rb"\S+ (?:has exited due to process rank|detected that one or more processes exited|"
                     rb"noticed that process rank) |=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES")
#: Lines of MPICH around its block.
_ALONE = re.compile(rb"application called MPI_Abort\(|YOUR APPLICATION TERMINATED WITH THE EXIT STRING: |"
                    rb"This typically refers to a problem with your application\.|"
                    rb"Please see the FAQ page for debugging suggestions")


class Notices:
    """Tells what a launcher says of an end from all else that comes the same way.

    >>> notices = Notices()
    >>> [notices.take(line) for line in (b"mine\\n", b"-" * 74 + b"\\n", b"MPI_ABORT was invoked on rank 0\\n")]
    [b'mine\\n', b'', b'']
    >>> notices.take(b"-" * 74 + b"\\n"), notices.take(b"mine, too\\n"), len(notices.kept)
    (b'', b'mine, too\\n', 182)
    """

    def __init__(self) -> None:
        self.kept = b""
        self._ruler: bytes | None = None  # the last line, if it may begin a block
        self._within = False

    def take(self, line: bytes) -> bytes:
        """A line as it comes; gives what is to be passed on now."""
        if self._within:
            self.kept += line
            self._within = not _RULER.fullmatch(line)
            return b""
        before, self._ruler = self._ruler or b"", None
        if before and _BEGINS.match(line):
            self.kept += before + line
            self._within = True
            return b""
        if _RULER.fullmatch(line):
            self._ruler = line
            return before
        if _ALONE.match(line):
            self.kept += line
            return before
        return before + line

    def rest(self) -> bytes:
        """What is to be passed on at the end."""
        before, self._ruler = self._ruler or b"", None
        return before
