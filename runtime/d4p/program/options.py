"""The options of every compiled program, said once: d4p run, d4p submit and submit.sh take them and hand them on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from d4p.describe.printable import printable
from d4p.frozen import dataclass


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: what its value is called.
        spelled: its spellings, the long one last.
        help: what it is for.
        metavar: what its value is called in a help text; "" for a flag.
        kind: the type of its value.
        several: whether it may be given more than once.
    """

    name: str
    spelled: tuple[str, ...]
    help: str
    metavar: str = ""
    kind: type = str
    several: bool = False


OPTIONS = (
    Option("iterations", ("-i", "--iter"), "Iterations of each root.", "N", int),
    Option("data", ("-d", "--data"), 'Items of the roots: \'{"read": [{"input": "a.txt"}]}\'.', "JSON"),
    Option("file", ("-f", "--file"), "A JSON file with the items of the roots.", "FILE"),
    Option("limit", ("--limit",), "Stop every root once it has written K items (has had K, where it has no output).",
           "K", int),
    Option("on_error", ("--on-error",), "What becomes of items for which a PE fails, of all PEs that say nothing "
           "themselves or of one: skip, retry:3, read=retry:3,skip; may be repeated.", "[PE=]POLICY", several=True),
    Option("output", ("--output",), "Write all results there: JSON lines, or Parquet where a port declares types.",
           "URL"),
    Option("overwrite", ("--overwrite",), "Replace what an earlier run wrote."),
    Option("resume", ("--resume",), "Go on with what an earlier run of the same plan on the same input wrote."),
    Option("recover", ("--recover",), "Start workers that die again, where they keep no state, and go on; processes "
           "target only."),
    Option("quiet", ("-q", "--quiet"), "Print results and errors alone."),
    Option("no_record", ("--no-record",), "Leave no record of the run (d4p help runs)."),
    Option("profiled", ("--profile",), "Time the PEs of each stage now and then, for the run's record."),
    Option("check", ("--check",), "Find PEs that change what they wrote; sequential target only."),
)
#: What a program's own help leaves out: `d4p run` compiles for it.
_HIDDEN = {"check"}


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(printable(message or ""), file)


def parser(description: str) -> argparse.ArgumentParser:
    """What a program parses its command line with; values have the names of the options."""
    made = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in OPTIONS:
        text = argparse.SUPPRESS if option.name in _HIDDEN else option.help
        if option.several:
            made.add_argument(*option.spelled, dest=option.name, metavar=option.metavar, action="append", help=text)
        elif option.metavar:
            made.add_argument(*option.spelled, dest=option.name, metavar=option.metavar, type=option.kind, help=text)
        else:
            made.add_argument(*option.spelled, dest=option.name, action="store_true", help=text)
    return made


def words(given: Mapping[str, Any]) -> Iterator[str]:
    """The command line that gives a program some options, by name: flags where they are True, none where they are
    False or None.

    >>> list(words({"iterations": 3, "overwrite": True, "resume": False, "output": None}))
    ['--iter=3', '--overwrite']
    >>> list(words({"on_error": ["skip", "read=fail"]}))
    ['--on-error=skip', '--on-error=read=fail']
    """
    for option in OPTIONS:
        value = given.get(option.name)
        if option.several:
            yield from (f"{option.spelled[-1]}={each}" for each in value or ())
        elif value is not None and value is not False:
            yield option.spelled[-1] if value is True else f"{option.spelled[-1]}={value}"
