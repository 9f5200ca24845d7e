"""A folder of parts that is there whole or not at all.

    out                                  the output; appears with everything in it, by one rename. Where the store has
                                         none that is atomic, parts are copied, and _SUCCESS is written once all are
                                         there (d4p.commit.carry_out)
    .out.d4p-unfinished/claim-1          who makes it (d4p.commit.claim)
                        run.json         what it is made of (d4p.commit.identity), so that --resume knows its own
                        reads/           notes of what processes read (d4p.filesystems.reads), before parts are complete
                        attempts/        parts that are being written and complete ones (d4p.outputs.part), and .begun
                        commit.json      decided: which complete parts are the output. From here on a run that is killed
                                         has done its work, and --resume only carries out what is written there
                        whole/           the output, being put together by the program alone: what a task that was
                                         given up still writes can't get into it
    .out.d4p-replaced                    with --overwrite, what was there, until the new output is in its place
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from d4p.commit.carry_out import carry_out, changes
from d4p.commit.claim import Claim, take
from d4p.commit.identity import differences
from d4p.commit.replace import stranger, what_it_would_take
from d4p.errors import Refused, RunFailed
from d4p.filesystems import reads
from d4p.outputs import written
from d4p.outputs.part import BEGUN, Part, Place
from d4p.outputs.store import UNFINISHED, Store, dumped, join


class Folder:
    """One output. `path` is as the user gave it, `of` the PE that writes it ("" for --output), `subs` its folders."""

    def __init__(self, path: str, of: str, subs: Iterable[str] = ("",)) -> None:
        self.path, self.of, self.subs = path, of, tuple(subs)
        self.title = f"the output {path}{f' of {of}' if of else ''}"
        if not path:  # a variable of a shell that isn't set, say: it would be the folder that the run is in
            whose = f"the output of {of}" if of else "--output"
            raise Refused(f"{whose} must be the path of a new folder; it is empty")
        self.store = Store(path)
        self.place = self.store.path
        parent, _, name = self.place.rpartition("/")
        self.parent = parent or "/"
        self.unfinished = f"{parent}/.{name}.d4p-unfinished"
        self.replaced = f"{parent}/.{name}.d4p-replaced"
        self.reads = f"{self.unfinished}/reads"
        self.attempts, self.whole = f"{self.unfinished}/attempts", f"{self.unfinished}/whole"
        self.committed = False
        self.decided: dict[str, Any] | None = None
        self.given_up = 0  # complete parts that --resume would have used
        self.kept: dict[str, tuple[str, ...]] = {}  # complete parts of an earlier run, by folder
        self.none_complete = False  # where an earlier run was to be gone on with
        self.compared: int | None = None  # notes of what an earlier run read, where this one goes on with it
        self.missing = 0  # items that the run left out which made it, an earlier one
        self.watched = False  # whether its PEs were, or are, watched for what they read by themselves
        self._claim: Claim | None = None
        self._replace = False
        self._inputs: Callable[[], list[tuple[str, str]]] = list

    # Before a run

    def claim(self, run: str) -> None:
        """Make sure that nobody else writes it. Raises Refused."""
        try:
            self.store.check_own(self.replaced)
            self._claim = take(self.store, self.unfinished, run, self.title)
        except OSError as error:
            raise Refused(f"{self.title} can't be made: {error.strerror or error}") from None

    def look(self, identity: dict[str, Any], overwrite: bool, resume: bool,
             inputs: Callable[[], list[tuple[str, str]]] = list, watched: bool = False) -> None:
        """Find out what an earlier run left. Raises Refused where that must not be replaced, or isn't this run's.

        `inputs` finds what the run reads, as `d4p.commit.replace.input_addresses`.
        """
        try:
            decided = written.decided(self.store, self.unfinished) if resume else None
            if not decided and not self.store.exists(self.place) and self._killed_between_renames():
                self.store.rename(self.replaced, self.place)
            self._replace, self._inputs, self.watched = overwrite, inputs, watched
            if resume:
                self._look_for_own(decided, identity)
            elif self.store.exists(self.place):
                self._may_replace()
            elif (begun := written.begun(self.store, self.unfinished)) and not differences(begun["identity"], identity):
                self.given_up = sum(len(self._complete(sub)) for sub in self.subs)
        except OSError as error:
            raise Refused(f"{self.title} can't be read: {error.strerror or error}") from None

    def _killed_between_renames(self) -> bool:
        """Whether an earlier run put what it was to replace aside, and hadn't yet put its own in its place. Later what
        is aside is being removed, and may be half of what it was."""
        exists = self.store.exists
        return exists(self.replaced) and exists(self.whole) and exists(f"{self.unfinished}/commit.json")

    def _look_for_own(self, decided: dict[str, Any] | None, identity: dict[str, Any]) -> None:
        if decided:
            self._same(decided, identity, decided.get("reads") or [])
            self.decided, self.missing = decided, decided.get("missing", 0)
            return
        begun = written.begun(self.store, self.unfinished)
        if self.store.exists(self.place) and not (begun and begun["replace"]):
            success = written.success(self.store, self.place)
            if success is None:
                raise Refused(f"{self.title} exists, and no run of a program like this one finished it: --resume can't "
                              f"go on from it. Give another folder{self._or_overwrite()}")
            self._same(success, identity, success.get("reads") or [])
            if changed := changes(self.store, self.place, success["parts"]):
                raise Refused(f"{self.title} isn't as it was committed: {changed}. --overwrite starts afresh")
            self.committed, self.missing = True, success.get("missing", 0)
        elif begun:
            kept = {sub: self._complete(sub) for sub in self.subs}
            self.kept = kept if any(kept.values()) else {}
            self.none_complete = not self.kept
            self._same(begun, identity, self.noted() if self.kept else None)
            self._replace = begun["replace"]
            if self.store.exists(self.place):
                self._may_replace()

    def noted(self) -> list[list[Any]]:
        """What processes have noted of what they read, each once."""
        found = {}
        for name in sorted(self.store.sizes(self.reads)):
            # One that was cut short is of no part that is complete.
            for note in written.reads(self.store, f"{self.reads}/{name}"):
                found.setdefault(json.dumps(note), note)
        return list(found.values())[:reads.MOST]

    def _same(self, earlier: dict[str, Any], identity: dict[str, Any], notes: list[list[Any]] | None) -> None:
        """Raises Refused where an earlier run, whose `notes` these are, isn't one of the same."""
        if notes is not None:
            self.compared, self.watched = len(notes), earlier.get("watched", False)
        differs = differences(earlier["identity"], identity)
        if not differs and notes and (changed := reads.changes(notes)):
            differs = f"other files that its PEs read: {changed}"
        if differs:
            raise Refused(f"--resume goes on with what the same plan made of the same input, but {self.title} was made "
                          f"from {differs}: --overwrite starts afresh")

    def _complete(self, sub: str) -> tuple[str, ...]:
        """The names of complete parts; what its name promises of a file must be there."""
        sizes = self.store.sizes(join(self.attempts, sub))
        return tuple(name for name, size in sorted(sizes.items()) if (p := Part.of(name)) and p.size == size)

    def _may_replace(self) -> None:
        """Raises Refused where it isn't to be replaced, or mustn't be."""
        if self._replace and (wrong := what_it_would_take(self.store, self.place, self._inputs())):
            raise Refused(f"{self.title} can't be replaced, since it {wrong}: give another folder")
        if wrong := stranger(self.store, self.place):
            raise Refused(f"{self.title} must be a new folder; {wrong}, which --overwrite doesn't replace: give "
                          "another folder, or move away what is there")
        if not self._replace and self.store.exists(f"{self.place}/{UNFINISHED}"):
            raise Refused(f"{self.title} is there in part, since a run was killed while it put it there: give --resume "
                          "to have the rest put there, --overwrite to start afresh, or another folder")
        if not self._replace:
            raise Refused(f"{self.title} exists: give another folder, --overwrite to replace it, or --resume to leave "
                          "it as it is where an earlier run of the same plan on the same input wrote it")

    def _or_overwrite(self) -> str:
        return "" if stranger(self.store, self.place) else ", or --overwrite to replace it"

    @property
    def _claimed(self) -> Claim:
        """The claim on it, which `begin` took."""
        assert self._claim is not None
        return self._claim

    def prepare(self, identity: dict[str, Any], run: str) -> None:
        """Make room for attempts; only complete ones that are of use are left of an earlier run. Raises Refused."""
        try:
            self._claimed.check()
            if not self.kept:
                self.store.clear(self.unfinished, keep=lambda name: name.startswith("claim-"))
                begun = {"identity": identity, "replace": self._replace, "watched": self.watched}
                self.store.put(f"{self.unfinished}/run.json", dumped(begun), run)
            self.store.makedirs(self.reads)
            for sub in self.subs:
                folder = join(self.attempts, sub)
                self.store.makedirs(folder)
                self.store.clear(self.unfinished, join("attempts", sub), self.kept.get(sub, ()).__contains__)
                self.store.write(f"{folder}/{BEGUN}", b"", sync=False)
            self._claimed.check()
        except RunFailed:
            raise Refused(f"{self.title} is being claimed by another run at the same time: wait for it, or give "
                          "another folder") from None
        except OSError as error:
            raise Refused(f"{self.title} can't be made: {error.strerror or error}") from None

    def places(self) -> dict[str, Place]:
        """What instances must know, by folder."""
        url = self.store.url(self.attempts)
        return {sub: Place(join(url, sub), self.path, self.of, self.kept.get(sub, ())) for sub in self.subs}

    def beat(self) -> None:
        """Say that the run is still there."""
        if self._claim:
            self._claim.beat()

    # After a run

    def decide(self, parts: dict[str, list[Part]], identity: dict[str, Any], run: str, missing: int = 0) -> None:
        """Write down which parts are the output, having looked that they are there as promised. Raises RunFailed."""
        try:
            for sub, wanted in parts.items():
                self._check_there(sub, wanted)
            self._claimed.check()
            names = {sub: [part.name for part in wanted] for sub, wanted in parts.items()}
            decision = {"run": run, "identity": identity, "replace": self._replace, "parts": names,
                        "reads": self.noted(), "watched": self.watched, "missing": missing}
            self.store.put(f"{self.unfinished}/commit.json", dumped(decision), run)
            self.store.sync_folder(self.unfinished)
            self.decided = decision
        except OSError as error:
            raise self._cannot(error) from error

    def _check_there(self, sub: str, wanted: list[Part]) -> None:
        folder = join(self.attempts, sub)
        sizes = self.store.sizes(folder)
        for part in wanted:
            if sizes.get(part.name) != part.size:
                found = f"has {sizes[part.name]} bytes" if part.name in sizes else "isn't there"
                raise RunFailed(f"{self.title} lacks the part of instance {part.instance}: {part.name}, of {part.size} "
                                f"bytes, {found} in {folder}. Is that on a file system that all workers share?")

    def commit(self) -> None:
        """Carry out what was decided, from wherever an earlier run was killed. Raises RunFailed."""
        assert self.decided is not None
        try:
            self._claimed.check()
            carry_out(self.decided, self)
            self.committed, self.decided = True, None
        except OSError as error:
            raise self._cannot(error) from error
        self._claim = None
        self._tidy(self.store.remove, self.replaced)
        self._tidy(self.store.remove_own, self.unfinished)

    def release(self) -> None:
        """Let go of what wasn't begun, or is left as it is; an earlier run's attempts stay."""
        if self._claim is not None:
            claim, self._claim = self._claim, None
            try:
                if self.committed:
                    self._tidy(self.store.remove_own, self.unfinished)
                else:
                    claim.release()
            except OSError:
                pass  # it is hidden, and tells of a process that is gone

    def abort(self, keep: bool) -> None:
        """After a run that failed: leave nothing behind; or, with `keep`, complete parts for --resume. What was decided
        is always kept."""
        if self._claim is None:
            return
        try:
            self._claimed.check()
            if self.committed or self.decided or (keep and any(map(self._complete, self.subs))):
                self.release()
            else:
                self._tidy(self.store.remove_own, self.unfinished)
        except (OSError, RunFailed):
            pass  # it is hidden, and another's by now or the next run's to remove
        self._claim = None

    def _tidy(self, remove: Callable[[str], None], path: str) -> None:
        try:
            remove(path)
        except OSError:
            pass  # it is hidden, and the next run tries again

    def _cannot(self, error: OSError) -> RunFailed:
        return RunFailed(f"{self.title} can't be put in its place: {error.strerror or error}")
