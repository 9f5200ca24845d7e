"""What becomes of an item whose PE fails: the policies of `on_error`.

    on_error = Skip(most=100)        in a PE's class, on a PE or on a graph
    --on-error skip:100              on the command line, for PEs that have none of their own
    --on-error read=retry:3,skip     for one PE, whatever it has
    --on-error dead-letter:failed    to set items aside, in the folder `failed`
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MethodType
from typing import Any

from d4p.errors import Refused
from d4p.frozen import dataclass

#: The attribute of PEs and graphs.
ON_ERROR = "on_error"
#: What `--on-error` takes.
KNOWN = ("fail; skip, or skip:100 for at most 100 items, skip:1% for at most a hundredth of all; dead-letter:FOLDER to "
         "set it aside there; retry:3 for three "
         "more tries and retry:3:0.5 for half a second before the second, both also with ,POLICY for what fails each "
         "time; copy-state,POLICY to put back what the PE changed for it")


_KINDS = ("fail", "skip", "dead-letter", "retry", "copy-state")


class Policy:
    """One of `Fail`, `Skip`, `DeadLetter` and `Retry`."""


@dataclass(frozen=True)
class Fail(Policy):
    """The run fails: what happens where nothing else is said."""

    def __str__(self) -> str:
        return "fail"


@dataclass(frozen=True)
class LeftOut(Policy):
    """What `Skip` and `DeadLetter` share: the run goes on without the item."""

    most: int | None = None
    rate: float | None = None
    copy_state: bool | tuple[str, ...] = False

    def __post_init__(self) -> None:
        _check_bounds(type(self).__name__, self.most, self.rate)
        object.__setattr__(self, "copy_state", _checked_names(type(self).__name__, self.copy_state))

    @property
    def bounds(self) -> str:
        """`, at most 100`, or nothing."""
        found = [f"{self.most:,}" if self.most is not None else "",
                 f"{self.rate:g} of its items" if self.rate is not None else ""]
        return (f", at most {' and '.join(filter(None, found))}" if any(found) else "") + _put_back(self.copy_state)


@dataclass(frozen=True)
class Skip(LeftOut):
    """The item is left out, and counted; what the PE wrote for it doesn't count.

    Args:
        most: the run fails as soon as it is known that more items of the PE than this have failed, over all instances.
        rate: the run fails at its end where more than this share of the PE's items have failed, from 0 to 1.
        copy_state: True to put back what the PE changed in its attributes before it failed, or the names of those
            that are put back. They are copied before each item.

    Raises:
        Refused: `most` isn't a whole number from 0, or `rate` no number from 0 to 1.
    """

    def __str__(self) -> str:
        return f"skip{self.bounds}"


@dataclass(frozen=True)
class DeadLetter(LeftOut):
    """The item is set aside: written to a folder with why it failed, from which `d4p replay` takes it.

    Args:
        folder: a path or URL, of an output of the run like others. PEs may share one.
        most, rate, copy_state: as those of `Skip`.

    Raises:
        Refused: as `Skip`, or `folder` is no path.
    """

    folder: str = ""

    def __init__(self, folder: Any, most: int | None = None, rate: float | None = None,
                 copy_state: bool | tuple[str, ...] = False) -> None:
        if not isinstance(folder, (str, os.PathLike)) or not str(folder):
            raise Refused(f"DeadLetter takes the folder to write to, a path or a URL; it got {folder!r}")
        object.__setattr__(self, "folder", os.fspath(folder))
        object.__setattr__(self, "most", most)
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "copy_state", copy_state)
        self.__post_init__()

    def __str__(self) -> str:
        return f"set aside in {self.folder}{self.bounds}"


@dataclass(frozen=True)
class Retry(Policy):
    """The item is tried again, each time a copy of it as it came.

    Args:
        times: how many more times at most.
        on: the exceptions for which it is; for others, `then` says at once what becomes of it.
        wait: seconds before the second try; twice as many before each one after it.
        then: the policy for an item that failed each time.
        copy_state: as that of `Skip`, before each further try, too.

    Raises:
        Refused: `times` is no number from 1, `on` no exceptions, `wait` is negative, or `then` is none of the others.
    """

    times: int
    on: tuple[type[Exception], ...] = (Exception,)
    wait: float = 0.0
    then: Policy = Fail()
    copy_state: bool | tuple[str, ...] = False

    def __post_init__(self) -> None:
        if not _is_number(self.times, int) or self.times < 1:
            raise Refused(f"Retry takes how many more times to try, a whole number from 1; it got {self.times!r}")
        on = self.on if isinstance(self.on, (tuple, list)) else (self.on,)
        if not on or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in on):
            raise Refused(f"on= of Retry must be exceptions, such as (OSError,); it is {self.on!r}")
        object.__setattr__(self, "on", tuple(on))
        if not _is_number(self.wait, int, float) or not 0 <= self.wait < float("inf"):
            raise Refused(f"wait= of Retry must be seconds, from 0; it is {self.wait!r}")
        then = read(self.then, "then= of Retry")
        if isinstance(then, Retry):
            raise Refused("then= of Retry must be another policy: give it more times instead")
        object.__setattr__(self, "then", then)
        object.__setattr__(self, "copy_state", _checked_names("Retry", self.copy_state))

    def __str__(self) -> str:
        on = "" if self.on == (Exception,) else f" on {', '.join(kind.__name__ for kind in self.on)}"
        wait = f", {self.wait:g} s apart at first" if self.wait else ""
        back = _put_back(self.copy_state)
        return f"retry {self.times} {'time' if self.times == 1 else 'times'}{on}{wait}{back}, then {self.then}"


def last(policy: Policy) -> Policy:
    """What becomes of an item once no try is left."""
    return policy.then if isinstance(policy, Retry) else policy


def state_copied(policy: Policy | None) -> bool | tuple[str, ...]:
    """Which attributes of a PE are put back where it fails for an item: none (False), all (True), or those named."""
    if isinstance(policy, Retry):
        return policy.copy_state or state_copied(policy.then)
    return policy.copy_state if isinstance(policy, LeftOut) else False


def read(given: Any, of: str) -> Policy:
    """A policy, given as one or as on the command line; None is `Fail()`. Raises Refused; `of` says whose it is."""
    if given is None:
        return Fail()
    if isinstance(given, Policy):
        return given
    if isinstance(given, type) and issubclass(given, Policy) or not isinstance(given, str):
        raise Refused(f"{of} must be a policy, such as Skip(most=100), Retry(3) or \"skip\"; it is {given!r:.100}")
    return _parsed(given, of)


def _parsed(text: str, of: str) -> Policy:
    if text.strip().startswith("copy-state,"):
        policy = read(text.partition(",")[2], of)
        if not isinstance(policy, (LeftOut, Retry)):
            raise Refused(f"{of} is {text!r}, and nothing is put back where the run fails. {of} takes {KNOWN}")
        return replace(policy, copy_state=True)
    if text.strip().startswith("dead-letter:"):
        return DeadLetter(text.strip().removeprefix("dead-letter:"))
    first, comma, after = text.partition(",")
    kind, colon, argument = first.strip().partition(":")
    if kind == "retry":
        times, waits, wait = argument.partition(":")
        return Retry(_number(times, text, of, int), wait=_number(wait if waits else "0", text, of, float),
                     then=read(after.strip() if comma else None, of))
    if after:
        raise Refused(f"{of} is {text!r}: only after retry:TIMES another policy may stand. {of} takes {KNOWN}")
    if kind == "fail" and not colon:
        return Fail()
    if kind == "skip":
        if argument.endswith("%"):
            return Skip(rate=float(f"{_number(argument[:-1], text, of, float) / 100:.15g}"))  # 0.7% is 0.007
        return Skip(_number(argument, text, of, int) if colon else None)
    raise Refused(f"{of} is {text!r}, which is no policy{_hint(kind, _KINDS)}. It takes {KNOWN}")


def _number(digits: str, text: str, of: str, kind: type) -> Any:
    try:
        return kind(digits)
    except ValueError:
        raise Refused(f"{of} is {text!r}, and {digits!r} isn't a number. It takes {KNOWN}") from None


def _is_number(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _checked_names(kind: str, names: Any) -> bool | tuple[str, ...]:
    if isinstance(names, bool):
        return names
    if isinstance(names, str) or not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        raise Refused(f"copy_state= of {kind} must be True, or a tuple of names of attributes; it is {names!r}")
    return tuple(names)


def _put_back(names: bool | tuple[str, ...]) -> str:
    if not names:
        return ""
    return ", state put back" if names is True else f", {', '.join(names)} put back"


def _check_bounds(kind: str, most: Any, rate: Any) -> None:
    if most is not None and (not _is_number(most, int) or most < 0):
        raise Refused(f"most= of {kind} must be a number of items, from 0; it is {most!r}")
    if rate is not None and (not _is_number(rate, int, float) or not 0 <= rate <= 1):
        raise Refused(f"rate= of {kind} must be a share of the items, from 0 to 1 (0.01 is a hundredth); it is "
                      f"{rate!r}")


@dataclass(frozen=True)
class Isolation:
    """The PE works in a process of its own, for at most so many seconds an item, and with so many bytes of memory; None
    for any."""

    limit: float | None = None
    memory: int | None = None

    def __str__(self) -> str:
        at_most = f", at most {self.limit:g} s an item" if self.limit is not None else ""
        with_most = f", with at most {self.memory / (1 << 20):,.0f} MiB" if self.memory is not None else ""
        return f"in a process of its own{at_most}{with_most}"


def is_isolated(pe: Any) -> bool:
    """Whether a PE asks for a process of its own."""
    asked = (pe.time_limit, pe.memory_limit, pe.isolate)
    return not any(isinstance(each, MethodType) for each in asked) and any(each not in (None, False) for each in asked)


def isolations(pes: Mapping[str, Any], never: Mapping[str, str]) -> dict[str, Isolation]:
    """The PEs, by name, that are isolated; `never` says why some can't be. Raises Refused."""
    found = {}
    for name, pe in pes.items():
        limit, memory, isolate = pe.time_limit, pe.memory_limit, pe.isolate
        if any(isinstance(each, MethodType) for each in (limit, memory, isolate)):  # of a user's own
            continue
        of = f"of {name} ({type(pe).__name__})"
        if limit is not None and (not _is_number(limit, int, float) or not 0 < limit < float("inf")):
            raise Refused(f"time_limit {of} must be seconds, more than 0; it is {limit!r}")
        if memory is not None and (not _is_number(memory, int) or memory <= 0):
            raise Refused(f"memory_limit {of} must be bytes, a whole number from 1, such as 2 << 30 for 2 GiB; it is "
                          f"{memory!r}")
        if not isinstance(isolate, bool):
            raise Refused(f"isolate {of} must be True or False; it is {isolate!r}")
        if not isolate and limit is None and memory is None:
            continue
        if name in never:
            raise Refused(f"{name} ({type(pe).__name__}) can't have a process of its own: {never[name]}")
        found[name] = Isolation(None if limit is None else float(limit), memory)
    return found


def chosen(pes: Mapping[str, Any], says: Mapping[str, Any], asked: Iterable[str],
           never: Mapping[str, str]) -> dict[str, Policy]:
    """The policy of each PE that has another than `Fail`.

    Args:
        pes: the PEs by name.
        says: what the workflow says of each, a policy or the text of one, None where it says nothing.
        asked: what the command line says, `POLICY` or `PE=POLICY`; where two of one kind differ the later one counts.
        never: why a PE can have none, by name, for those that can't.

    Raises:
        Refused: there is no such policy, or no such PE, or the PE can have none.
    """
    default, named = Fail(), {}
    for text in asked:
        name, equals, policy = text.partition("=")
        if not equals or "dead-letter:" in name:  # the sign is of a folder's name
            default = read(text, "--on-error")
            continue
        for pe in _named(pes, name.strip(), policy):
            named[pe] = read(policy, f"--on-error {name.strip()}")
    found = {}
    for name, pe in pes.items():
        own = read(says[name], f"{ON_ERROR} of {name} ({type(pe).__name__})")
        policy = named.get(name) or (default if says[name] is None else own)
        if isinstance(policy, Fail):
            continue
        if name not in never:
            found[name] = policy
        elif name in named or says[name] is not None and pe.on_error is says[name]:
            raise Refused(f"{name} ({type(pe).__name__}) can't have the policy {policy}: {never[name]}")
    return found


def _named(pes: Mapping[str, Any], key: str, policy: str) -> list[str]:
    """The PEs that a policy is meant for: by name in the plan, id or class."""
    for same in (lambda name, pe: name == key, lambda name, pe: pe.id == key,
                 lambda name, pe: type(pe).__name__ == key):
        if names := [name for name, pe in pes.items() if same(name, pe)]:
            return names
    known = ", ".join(f"{name} ({type(pe).__name__})" for name, pe in pes.items())
    called = [*pes, *(pe.id for pe in pes.values()), *(type(pe).__name__ for pe in pes.values())]
    hint = f" (did you mean {key}:{policy}?)" if key in _KINDS else _hint(key, called)
    raise Refused(f"--on-error names {key!r}, and no PE has that name, id or class{hint}; "
                  f"the PEs: {known}")


def _hint(given: str, known: Iterable[str]) -> str:
    import difflib  # nothing that a worker needs

    close = difflib.get_close_matches(given, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
