"""Why a workflow couldn't be imported: in the user's words, with the user's own traceback and none of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

import d4p

from .python2 import check_python3, python2_import
from .source import Source

_OURS = (str(Path(__file__).parents[1]), str(Path(d4p.__file__).parent), "<frozen ")


def why_import_failed(source: Source, error: BaseException) -> str:
    """The message for an exception that came out of the import of a workflow. Raises Refused for Python 2."""
    where = _last_line(error) or str(source.file or source.module)
    if isinstance(error, ModuleNotFoundError) and error.name:
        file, _, line = where.rpartition(":")
        old = python2_import(file, int(line), error.name) if line.isdigit() else None
        if old:
            return old
        if str(error) != f"No module named {error.name!r}":  # says more, such as what d4p has of dispel4py
            return f"{where}: {error}"
        return (f"{where}: there is no module {error.name!r}, which the workflow imports: install it, "
                "or put it beside the workflow")
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        check_python3(Path(error.filename))
    if isinstance(error, SystemExit):
        return (f"{where}: the workflow ended the program (SystemExit: {error.code}) while it was imported: put what "
                'reads sys.argv or runs under `if __name__ == "__main__":`')
    return f"importing {source.file or source.module} failed:\n{users_traceback(error)}"


def located(error: BaseException) -> str:
    """A refusal that the user's code caused, behind the file and line that did."""
    where = _last_line(error)
    return f"{where}: {error}" if where else str(error)


def users_traceback(error: BaseException) -> str:
    """The traceback, causes included, without the frames of the compiler, of d4p and of the import system."""
    report = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    waiting: list[traceback.TracebackException | None] = [report]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.stack = traceback.StackSummary.from_list([f for f in one.stack if not _is_ours(f.filename)])
            waiting += [one.__cause__, one.__context__]
    return "".join(report.format()).rstrip()


def _last_line(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_ours(f.filename)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS) or file.endswith(("/importlib/__init__.py", "/importlib/util.py"))
