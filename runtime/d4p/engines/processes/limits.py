"""How many files a process may have open: each instance takes some of its program's."""

from __future__ import annotations

import contextlib
import errno
import resource
from collections.abc import Iterator

from d4p.errors import Refused

#: Of an instance (its inbox, its worker's pipes, its notes), and besides.
_EACH, _BESIDES = 8, 64


@contextlib.contextmanager
def enough_files(instances: int) -> Iterator[None]:
    """Within it so many instances can be started. The limit is raised as far as the system lets us; where it is too
    low all the same, Refused says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _EACH * instances + _BESIDES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    try:
        yield
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        raise Refused(f"{instances:,} instances need about {wanted:,} open files, and this process may have {soft:,} "
                      f"(ulimit -n; at most {hard:,}): raise the limit, or ask for fewer instances (-n)") from error
