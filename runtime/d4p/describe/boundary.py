"""Where errors end: faults of the machine, and of places that a user named, are told as such and not as bugs."""

from __future__ import annotations

import errno
import resource

from d4p.errors import D4pError, Refused, RunFailed

_ELSEWHERE = "or name another place (TMPDIR, for what is temporary)"


def plain(error: BaseException) -> D4pError | None:
    """The error to tell of one that came out of d4p's own code; None where that is a bug, or no error."""
    if isinstance(error, D4pError):
        return error
    if isinstance(error, OSError):
        return RunFailed(reason(error))
    return RunFailed("memory ran out") if isinstance(error, MemoryError) else None


def kind(error: D4pError) -> str:
    """How the line begins that ends a program."""
    return "refused" if isinstance(error, Refused) else "failed"


def reason(error: OSError) -> str:
    """What an error of the system says, of what, and what helps.

    >>> reason(OSError(errno.ENOSPC, "No space left on device", "/tmp/x"))
    'No space left on device: /tmp/x. Make room there, or name another place (TMPDIR, for what is temporary)'
    """
    said = error.strerror or str(error) or type(error).__name__
    files = [str(name) for name in (error.filename, error.filename2) if isinstance(name, (str, bytes, int))]
    of = f": {' -> '.join(files)}" if files else ""
    helps = _remedy(error)
    return f"{said}{of}. {helps[0].upper()}{helps[1:]}" if helps else f"{said}{of}"


def _remedy(error: OSError) -> str:
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"make room there, {_ELSEWHERE}"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"have its owner let you, {_ELSEWHERE}"
    if number == errno.EMFILE:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"a process may have {most:,} files open here: raise that with ulimit -n"
    if number == errno.ENFILE:
        return "the machine has as many files open as it can have: end other programs"
    if number == errno.EFBIG:
        return "files may not be larger here: ulimit -f, or the file system, says how large"
    if number == errno.EAGAIN:
        return "there may be no more processes or threads here: ulimit -u says how many"
    if number == errno.ENOENT and "temporary" in (error.strerror or ""):
        return "have TMPDIR name a folder that you may write to, with room; ulimit -f may forbid files"
    return ""
