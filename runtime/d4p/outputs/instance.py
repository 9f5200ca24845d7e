"""The outputs of one instance of a stage: its writers' parts, and those of its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from d4p.errors import RunFailed
from d4p.outputs.shown import FIRST, shown
from d4p.outputs.writing import LETTERS, Key, Writing, new_id

if TYPE_CHECKING:
    from d4p.outputs.part import Maker, Part, Place
    from d4p.outputs.records import ResultFile

Put = Callable[[Any], None]


class InstanceOutputs:
    """What a stage's instance writes; all its parts bear the id of one attempt."""

    def __init__(self, writing: Writing, index: int, instances: int, repeatable: bool) -> None:
        self._writing = writing
        self._index, self._instances, self._repeatable = index, instances, repeatable
        self._writers: dict[Key, Any] = {}
        self._files: dict[Key, ResultFile] = {}
        self._first: dict[Key, list[str]] = {}
        self._spooled: list[str] = []  # results that go elsewhere than into a part
        self._parts: dict[Key, Part] = {}
        self._kept = False

    @cached_property
    def _maker(self) -> Maker:
        from d4p.outputs.part import Maker  # here, since many programs write no parts

        return Maker(self._index, self._instances, f"{self._writing.run}.{new_id()}", self._repeatable)

    def writer(self, name: str, pe: Any) -> None:
        """Tell a PE that is a writer where to write."""
        if hasattr(pe, "write_to"):
            place = self._writing.places.get((name, None))
            pe.write_to(place, self._maker)
            if place is not None:
                self._writers[name, None] = pe

    def result(self, name: str, pe: Any, port: Any, spool: Callable[[str, str], Put]) -> Put:
        """The function that takes an item of a result: into its part, the spool, both or neither."""
        key, puts = (name, str(port)), []
        place = self._writing.places.get(key)
        if place is not None:
            file = self._files[key] = self._file(place, pe.outputconnections[port])
            puts.append(lambda item: file.put(item))
        if self._writing.spooled:
            self._spooled.append(f"{name}.{port}")
            puts.append(spool(name, port))
        if len(puts) == 2:
            written, spooled = puts
            return _both(written, spooled)
        return puts[0] if puts else self._first_of(key)

    def letters(self, name: str, more: dict[str, Any]) -> Put:
        """The function that writes down an item of a PE that is set aside, as a dict, with some `more`."""
        place = self._writing.places.get((name, LETTERS))
        if place is None:
            return _nowhere
        file = self._files[name, LETTERS] = self._file(place, None)
        return lambda letter: file.put(letter | more)

    def _file(self, place: Place, port: Any) -> ResultFile:
        """The file of a result; `port` is what its PE declares of it, if it has one."""
        from d4p.items.schema import schema_of
        from d4p.outputs.part import Attempt
        from d4p.outputs.records import ResultFile

        return ResultFile(lambda suffix: Attempt(place, self._maker, suffix), None if port is None else schema_of(port))

    def _first_of(self, key: Key) -> Put:
        """Of a result that nobody wants but the terminal: its first items, as texts."""
        self._spooled.append(".".join(map(str, key)))  # the terminal is told of all instances
        first = self._first[key] = []

        def put(item: Any) -> None:
            if len(first) < FIRST:
                first.append(shown(item))

        return put

    def are_kept(self, pes: Iterable[Any]) -> bool:
        """Whether one attempt of an earlier run made all parts of this instance; then they are its."""
        if self.never_kept(pes):
            return False
        keys = [*self._writers, *self._files]
        found = self._writing.earlier(keys, self._index, self._instances)
        self._kept = found is not None
        self._parts = found or {}
        return self._kept

    def never_kept(self, pes: Iterable[Any]) -> str:
        """Why the parts of an earlier run can't stand for a run of this instance, whatever they are; "" if they can."""
        if own_sinks := [pe.id for pe in pes if not pe.outputconnections and not hasattr(pe, "write_to")]:
            return f"{', '.join(own_sinks)} does something that no output shows, which is to be done again"
        if self._spooled:
            results = ", ".join(self._spooled)
            return f"whoever started the run wants its results ({results}) too" if self._writing.spooled else (
                f"its results ({results}) are only shown; --output DIR writes them")
        if not self._repeatable:
            return "Spark itself reads its input, and may divide it otherwise in each run"
        return ""

    @property
    def asked(self) -> bool:
        """Whether --resume was to keep something here."""
        return self._writing.resume and bool(self._writers or self._files)

    def kept_counts(self) -> tuple[dict[str, int], Counter]:
        """The items that writers received, and those of results, as the parts tell."""
        received = {name: part.count for (name, port), part in self._parts.items() if port is None}
        return received, Counter({key: part.count for key, part in self._parts.items() if key[1] is not None})

    def finish(self) -> None:
        """Complete the parts. Raises RunFailed."""
        try:
            self._writing.keep_notes()
        except OSError as error:
            raise RunFailed(f"notes of what was read can't be written: {error.strerror or error}") from error
        if self._files:
            self._complete_files()
        for key, pe in self._writers.items():
            if pe.part is None:
                raise RunFailed(f"{pe.id} ({type(pe).__name__}) has not written its part: its postprocess() must call "
                                "that of the class it is made from")
            self._parts[key] = pe.part

    def _complete_files(self) -> None:
        from d4p.filesystems.together import together
        from d4p.outputs.records import ResultFile

        for file in self._files.values():
            file.end()
        local = all(file.local for file in self._files.values())
        parts = (together if local else map)(ResultFile.complete, self._files.values())
        self._parts.update(zip(self._files, parts, strict=True))

    def report(self) -> dict[str, Any]:
        """What the program needs to commit, and the first items of each result as texts."""
        files = list(self._files.items())
        return {
            "instances": self._instances,
            "kept": self._kept,
            "outputs": {key: part.name for key, part in list(self._parts.items())},
            "first": self._first | ({key: file.first for key, file in files} if self._parts else {}),
        }


def _nowhere(letter: dict[str, Any]) -> None:
    """Takes the letters of a PE whose policy writes none."""


def _both(one: Put, other: Put) -> Put:
    def put(item: Any) -> None:
        one(item)
        other(item)

    return put
