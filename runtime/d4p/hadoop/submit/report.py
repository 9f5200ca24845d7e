"""What a program that ran on a node left in its log: why it failed first, then the rest."""

from __future__ import annotations

import re

from d4p.hadoop.causes import cause

#: What begins another line than one of the program's: Spark's logs, with our settings and without, and Java's own.
_OTHER = re.compile(r"^(?:Spark: [A-Z]+ |\d\d/\d\d/\d\d \d\d:\d\d:\d\d |SLF4J|WARNING: |OpenJDK |Exception in thread )")
#: What Java, its logs and Spark's scripts say of themselves before anything happens.
_TALK = re.compile(r"^(?:Picked up |NOTE: |SLF4J|WARNING: |Warning: |OpenJDK |log4j:|Using Spark's |"
                   r"Spark: (?:INFO|WARN) |\d\d/\d\d/\d\d \d\d:\d\d:\d\d (?:INFO|WARN) |:: |Setting default log level)")
_THROWN = re.compile(r'^Exception in thread "[^"\n]*" (.+)$', re.MULTILINE)
#: What goes on with what Java said.
_MORE = re.compile(r"^(?:\t(?:at |\.\.\. \d+ more)|Caused by: |[\w.$]+(?:Exception|Error)\b)")
_SAID = re.compile(r"^(failed|refused): |^interrupted$")
#: What it says of a run that is done but for some items, for which it ends there with 0.
_MISSING = re.compile(r"^done, [\d,]+ items? (?:skipped|set aside)", re.MULTILINE)
_EXIT = re.compile(r"User application exited with (?:status )?(\d+)|exitCode: (\d+)")


def own_words(log: str) -> str | None:
    """The last `failed: ...` or `refused: ...` that the program printed, with its lines, but nothing of Java's."""
    lines = log.splitlines()
    start = _start(lines)
    if start is None:
        return None
    block = lines[start : start + 1]
    for line in lines[start + 1 :]:
        if _OTHER.match(line):
            break
        block.append(line)
    return "\n".join(block).rstrip()


def printed_before(log: str) -> str:
    """What a program that failed had printed until then, such as what PEs logged, but nothing of Java's."""
    before = log.splitlines()[: _start(log.splitlines())]
    if len(before) == len(log.splitlines()) and (traceback := _python_traceback(log)):
        before = log[: log.rindex(traceback)].splitlines()
    kept, javas = [], False
    for line in before:
        javas = bool(_OTHER.match(line) or _TALK.match(line) or javas and _MORE.match(line))
        kept += [] if javas else [line]
    return "\n".join(kept)


def _start(lines: list[str]) -> int | None:
    """Where the program says last why it failed."""
    return next((number for number in reversed(range(len(lines))) if _SAID.match(lines[number])), None)


def why(log: str, diagnostics: str) -> str:
    """Why an application failed: in the program's own words, or a known cause, or what YARN says of it."""
    said = own_words(log)
    if said is not None:
        return said
    known = cause(log) or cause(diagnostics)
    if known is not None:
        return f"failed: {known}"
    traceback = _python_traceback(log)
    if traceback:
        return f"failed: the program ended with an exception of its own\n{traceback}"
    return "failed: " + (_telling(diagnostics) or "YARN doesn't say why")


def _telling(said: str) -> str | None:
    """The line that tells most of what Java or YARN said: what was thrown, else the first that isn't mere talk."""
    if thrown := _THROWN.search(said):
        return thrown[1].strip()
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if not _TALK.match(line)), lines[0] if lines else None)


def exit_status(final: str, diagnostics: str, log: str) -> int:
    """The program's exit status, where it can be told; else 1 for one that failed."""
    if final == "SUCCEEDED":
        return 3 if _MISSING.search(log) else 0
    found = _EXIT.search(diagnostics)
    status = int(found[1] or found[2]) if found else 1
    if status in (2, 130):
        return status
    return 2 if (own_words(log) or "").startswith("refused: ") else 1


def _python_traceback(log: str) -> str | None:
    found = re.findall(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n?)+\S.*$", log, re.MULTILINE)
    return found[-1] if found else None
