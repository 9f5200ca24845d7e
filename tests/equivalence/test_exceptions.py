"""A table of exceptions: whatever a PE raises, the run fails and says its PE, instance, item and own traceback."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from d4p.describe.printable import printable
from d4p.errors import RunFailed
from tests.targets import TARGETS, answers, definition, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "raising.py"
HANDLED = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
BECAUSE = "\n\nThe above exception was the direct cause of the following exception:\n\n"
#: What is raised -> the first line after the PE's place, and what the traceback ends with or has.
TABLE = {
    "no str": ("NoStr: <its __str__ fails: KeyboardInterrupt>", "raise error\nraising.NoStr: <exception str() failed>"),
    "no text": ("NoText: <its __str__ fails: TypeError>", "raise error\nraising.NoText: <exception str() failed>"),
    "interrupt": ("KeyboardInterrupt: mine", "raise error\nKeyboardInterrupt: mine"),
    "generator": ("GeneratorExit: mine", "raise error\nGeneratorExit: mine"),
    "cancelled": ("CancelledError: mine", "raise error\nasyncio.exceptions.CancelledError: mine"),
    "stop": ("StopIteration: mine", "raise error\nStopIteration: mine"),
    "base": ("BaseException: mine", "raise error\nBaseException: mine"),
    "exit": ("SystemExit: 3", "raise error\nSystemExit: 3"),
    "huge": ("ValueError: mmm", f"raise error\nValueError: {'m' * 488}... (50,000,012 characters)"),
    "huge lines": ("ValueError: line", "raise error\nValueError: line\nline"),
    "surrogate": (r"ValueError: \udc80 \x00", "raise error\nValueError: \\udc80 \\x00"),
    "recursion": ("RecursionError: maximum recursion depth exceeded", "lines that aren't shown ..."),
    "cause": ("LookupError: no root", f"math.sqrt(-item)\nValueError: math domain error{BECAUSE}Traceback"),
    "context": ("KeyError: 'root'", f"math.sqrt(-item)\nValueError: math domain error{HANDLED}Traceback"),
    "causes": ("ValueError: cause 499", "ValueError: cause 0\n"),
    "phase's name": ("ValueError: raw 3", "in preprocess\n"),
    "loop's name": ("ValueError: no table 3", 'in into_db\n    raise ValueError("no table %d" % item)\nValueError: no'),
}
if sys.version_info >= (3, 11):
    TABLE |= {
        "notes": ("ValueError: noted", "ValueError: noted\nstation 3\nof network 7"),
        "group": ("ExceptionGroup: two of three", "    | ValueError: math domain error\n    +---------------- 2 -----"),
    }
#: Of what goes between processes in a way of its own.
ABROAD = ("no str", "interrupt", "generator", "huge", "surrogate")


@pytest.mark.parametrize("what", TABLE)
@pytest.mark.parametrize("attribute, pe", [("raises", "Calls"), ("raises_behind", "CallsPorts")])
def test_whatever_a_pe_raises_is_told_with_its_place_and_its_own_traceback(attribute, pe, what):
    with pytest.raises(RunFailed) as caught:
        definition(f"{WORKFLOWS}:{attribute}", parameters={"what": what})
    check(printable(caught.value), pe, what)


@pytest.mark.parametrize("what", ABROAD)
@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS[1:]])
def test_on_every_target(target, what, request):
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    with pytest.raises(RunFailed) as caught:
        answers(f"{WORKFLOWS}:raises_behind", target, session=session, parameters={"what": what})
    check(printable(caught.value), "CallsPorts", what)


def check(message: str, pe: str, what: str) -> None:
    first, inside = TABLE[what]
    assert message.startswith(f"{pe} ({pe}), instance 0, item 4: {first}")
    place, _, told = message.partition("\n  the item: 3\nTraceback (the PE's own):\n")
    assert "Traceback" not in place
    assert inside in told
    files = re.findall(r'File "([^"]*)"', told)
    assert files and {Path(file).name for file in files} == {WORKFLOWS.name}  # none of the engine, nor of the program
    assert len(message) < 20_000


def test_a_phase_is_known_whatever_the_methods_look_like():
    with pytest.raises(RunFailed) as caught:
        definition(f"{WORKFLOWS}:in_phase")
    first, title, file, *_ = str(caught.value).splitlines()
    assert first == "CallsInPhase (CallsInPhase), instance 0, preprocess: LookupError: no root"
    assert title == "Traceback (the PE's own):" and WORKFLOWS.name in file


def test_a_pe_that_is_a_function_of_another_kind_is_known_by_the_line_that_calls_it():
    with pytest.raises(RunFailed) as caught:
        definition(f"{WORKFLOWS}:of_a_function")
    first, item, title, file, *_ = str(caught.value).splitlines()
    assert first.startswith("PE_root (SimpleFunctionPE), instance 0, item 4: ZeroDivisionError: ")
    assert (item, title) == ("  the item: 3", "Traceback (the PE's own):") and file.endswith("in root")


@pytest.mark.parametrize("item, shown", [("large", "['bbbbbbb"), ("no repr", "<NoRepr whose repr fails: SystemExit:")])
def test_the_item_that_is_shown_is_bounded_and_never_fails(item, shown):
    with pytest.raises(RunFailed) as caught:
        definition(f"{WORKFLOWS}:of_an_item", parameters={"item": item})
    assert str(caught.value).splitlines()[1].startswith(f"  the item: {shown}")
    assert len(str(caught.value)) < 1_000
