"""Results on ranks that don't share rank 0's files: spooled where they are made, and fetched when all is done."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from d4p.engines.mpi.control import Control
from d4p.engines.mpi.message import Kind

#: Bytes that are fetched at a time.
PIECE = 4 << 20


def sign(folder: str | Path) -> str:
    """Put a file into rank 0's folder that only those see who share it; gives its path."""
    path = os.path.join(folder, f".shared-{secrets.token_hex(8)}")
    with open(path, "x"):
        return path


def fetch(control: Control, folder: str | Path) -> None:
    """On rank 0: get the files of all ranks that don't share its own, a piece at a time."""
    for rank in sorted(control.apart):
        while True:
            control.say(rank, Kind.SPOOL)
            _, found = control.hear(Kind.SPOOL)
            if found is None:
                break
            name, piece = found
            with open(os.path.join(folder, name), "ab") as file:
                file.write(piece)


def pieces(folder: str | Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder as (name, piece); an empty one has one piece."""
    for path in sorted(Path(folder).glob("[!.]*")):
        with open(path, "rb") as file:
            empty = True
            while (piece := file.read(PIECE)) or empty:
                yield path.name, piece
                empty = False
