"""How much memory the processes of a machine may take together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

#: In the environment of a job of SLURM: the megabytes that it may take of each machine.
_SLURM = "SLURM_MEM_PER_NODE"
#: A limit above this is none: what systems write where there is none.
_NONE = 1 << 60


def memory(environ: Mapping[str, str] = os.environ, root: Path = Path("/")) -> int | None:
    """Bytes: the least of what the machine has, what this process's control groups allow, and what SLURM does; None
    where the system doesn't tell."""
    return min((found for found in _limits(environ, root) if 0 < found < _NONE), default=None)


def _limits(environ: Mapping[str, str], root: Path) -> Iterator[int]:
    try:
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not a system that tells
        pass
    if (given := environ.get(_SLURM, "")).isdigit():
        yield int(given) << 20
    groups = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, kinds, path = line.split(":", 2) if line.count(":") >= 2 else ("", "-", "")
        if kinds not in ("", "memory"):
            continue
        folder, name = (groups, "memory.max") if not kinds else (groups / "memory", "memory.limit_in_bytes")
        mine = folder / path.strip("/")
        for each in (mine, *mine.parents):  # the group's own limit, and those of the groups that it is in
            if (limit := _text(each / name).strip()).isdigit():
                yield int(limit)
            if each == folder:
                break


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
