"""The outputs of a run: its writers' folders and the one of --output, from the first look to the last rename."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from d4p.commit.claim import BEAT
from d4p.commit.folder import Folder
from d4p.commit.replace import input_addresses, within
from d4p.commit.unwritten import check_asked, nothing_to_resume
from d4p.errors import D4pError, Refused, RunFailed, WorkerLost
from d4p.filesystems import shown
from d4p.graph.policies import DeadLetter, last
from d4p.outputs.part import Part
from d4p.outputs.store import address
from d4p.outputs.writing import LETTERS, Key, Writing
from d4p.record.place import new_run
from d4p.workflow.results import safe
from d4p.workflow.workflow import Workflow


class Outputs:
    """What `d4p.program.main.run` does about outputs.

    Args:
        output: the folder or URL of --output, if there is one.
        results: (PE's name, port) of each output that nothing is connected to.
        overwrite, resume: what to do about what is there already.
        spooled: whether whoever started the program wants the results for itself, too.
        watched: whether PEs are watched for what they read by themselves (`d4p.filesystems.reads`).
        program: the folder of the program.
    """

    def __init__(self, workflow: Workflow, output: str | None, results: list[tuple[str, str]], *,
                 overwrite: bool = False, resume: bool = False, spooled: bool = False, watched: bool = False,
                 program: str = "") -> None:
        check_asked(output, overwrite=overwrite, resume=resume)
        self.overwrite, self.resume, self.output = overwrite, resume, output
        self.run, self._workflow = new_run(), workflow
        self._keys: dict[Key, tuple[Folder, str]] = {}
        self.folders: list[Folder] = []
        for name, pe in workflow.pes.items():
            if hasattr(pe, "write_to"):
                self._add(Folder(pe.path, pe.id), {(name, None): ""})
        if output is not None and results:
            names = _names([(workflow.pes[name].id, port) for name, port in results])
            self._add(Folder(output, "", names), dict(zip(results, names, strict=True)))
        aside: dict[str, list[str]] = {}
        for name, policy in workflow.policies.items():
            if isinstance(policy := last(policy), DeadLetter):
                aside.setdefault(policy.folder, []).append(name)
        for path, pes in aside.items():
            names = _names([(name, "letters") for name in pes])
            self._add(Folder(path, ", ".join(pes), names), dict(zip([(name, LETTERS) for name in pes], names,
                                                                   strict=True)))
        _none_in_another(self.folders)
        self._results = bool(results)
        self._nothing = f"nothing for --output {output}: every output of its PEs is connected" if (
            output is not None and not results) else ""  # fmt: skip
        self._spooled, self._watched, self._program = spooled, watched, program
        self._identity: dict[str, Any] = {}

    def _add(self, folder: Folder, subs: dict[Key, str]) -> None:
        self.folders.append(folder)
        self._keys |= {key: (folder, sub) for key, sub in subs.items()}

    def begin(self, identity: Callable[[], dict[str, Any]]) -> bool:
        """Claim every output and make room for it. Raises Refused, having changed nothing.

        Returns:
            False where an earlier run has made them all: then nothing is to be run.
        """
        if not self.folders:
            if self.resume:
                raise nothing_to_resume(self._nothing or "no --output")
            return True
        begun: list[Folder] = []
        try:
            for folder in self.folders:
                folder.claim(self.run)
            self._identity = identity()
            for folder in self.folders:
                folder.look(self._identity, self.overwrite, self.resume, self._inputs, self._watched)
            for folder in self.folders:
                if folder.decided:
                    folder.commit()
            for folder in self._todo():
                begun.append(folder)
                folder.prepare(self._identity, self.run)
            for folder in self.folders:
                if folder.committed:
                    folder.release()
        except BaseException as error:
            keep = self.resume or not isinstance(error, KeyboardInterrupt)
            for folder in self.folders:
                folder.abort(keep) if folder in begun else folder.release()
            raise
        return bool(begun) or (self._results and self._spooled and self.output is not None)

    def _inputs(self) -> list[tuple[str, str]]:
        return input_addresses(self._workflow)

    def _todo(self) -> list[Folder]:
        return [folder for folder in self.folders if not folder.committed]

    def writing(self) -> Writing:
        """What instances must know."""
        places = {id(folder): folder.places() for folder in self._todo()}
        mine = {key: places[id(folder)][sub] for key, (folder, sub) in self._keys.items() if id(folder) in places}
        for name, port in mine:
            if port is None:
                self._workflow.pes[name].import_early()
        todo = self._todo()
        folders = tuple(folder.store.url(folder.reads) for folder in todo)
        own = tuple(folder.place for folder in self.folders if folder.store.local)
        writing = Writing(self.run, mine, self._spooled, folders, self._watched, own, self._program,
                          self.resume, self._workflow.writing.on_error)
        writing.begin_notes()
        writing.keep_notes()  # of what was read when the workflow was imported
        return writing

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Within this, other machines are told that this run lives."""
        stop, folders = threading.Event(), self._todo()

        def beat() -> None:
            while not stop.wait(BEAT):
                for folder in folders:
                    with suppress(OSError):  # the file system may be away for a moment
                        folder.beat()

        thread = threading.Thread(target=beat, daemon=True, name="d4p-beat")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    @property
    def missing(self) -> int:
        """How many items the run that made the outputs has left out, where an earlier one made them all."""
        return max((folder.missing for folder in self.folders), default=0)

    def commit(self, reports: list[dict[str, Any]], missing: int = 0) -> None:
        """Put every output in its place, made of the one attempt of each instance that its report names; they note how
        many items are `missing`, that were left out.

        All are decided before the first is put in its place, so that a part that is missing leaves none of them; if one
        can't be put there after another was, --resume does it. Raises RunFailed.
        """
        todo = self._todo()
        found: dict[Key, dict[int, Part]] = {key: {} for key, (folder, _) in self._keys.items() if folder in todo}
        for report in reports:
            for key, name in report["outputs"].items():
                found[key][report["instance"]] = Part.named(name)
        parts: dict[int, dict[str, list[Part]]] = {id(folder): {} for folder in todo}
        for key, by_instance in found.items():
            folder, sub = self._keys[key]
            parts[id(folder)][sub] = _one_each(by_instance, folder, key)
        for folder in todo:
            folder.decide(parts[id(folder)], self._identity, self.run, missing)
        for folder in todo:
            folder.commit()

    def abort(self, error: BaseException) -> None:
        """After a run that failed: leave nothing behind, but for what --resume can use where it is of use.

        That is after the loss of a worker, where to run again is all that can be done, and in a run that was itself
        given --resume. A PE that fails, a full disk and an interrupt leave nothing.
        """
        lost = isinstance(error, WorkerLost) or not isinstance(error, (D4pError, KeyboardInterrupt))
        for folder in self.folders:
            folder.abort(keep=self.resume or lost)

    @property
    def notes(self) -> list[str]:
        """What the user might have wanted otherwise."""
        found = [] if self._compared is None else [self._compared]
        given_up = sum(folder.given_up for folder in self.folders)
        parts = f"{given_up} complete {'part' if given_up == 1 else 'parts'}"
        found += [f"--resume keeps nothing of {folder.title}: no part of it was complete when the earlier run ended"
                  for folder in self.folders if folder.none_complete]
        if self._nothing:
            found.append(f"the workflow has {self._nothing}, so there is no such folder")
        if given_up:
            found.append(f"removed {parts} of an earlier run that was killed; --resume goes on with them")
        return found

    @property
    def _compared(self) -> str | None:
        """What --resume has compared, and what it couldn't."""
        gone_on = [(folder.compared, folder.watched) for folder in self.folders if folder.compared is not None]
        if not gone_on:
            return None
        count = max(compared for compared, _ in gone_on)
        unseen = "what C code (HDF5, netCDF) and child processes read"
        if not all(watched for _, watched in gone_on):
            unseen = f"what PEs opened without d4p.files (that run had no --resume, or is on Spark), {unseen}"
        return ("the same as in the earlier run: plan, code, parameters, items, readers' files, and what PEs read "
                f"by themselves ({count:,} noted). Not seen: {unseen}")

    @property
    def written(self) -> list[str]:
        """The paths as they were given, where they are of this machine; else the URLs that they stand for."""
        return [shown(folder.path) for folder in self.folders]


def _none_in_another(folders: list[Folder]) -> None:
    """Raises Refused where an output lies in another: only one of the two could be put in its place."""
    places = [(address(folder.store.fs, folder.place), folder) for folder in folders]
    for inner, folder in places:
        for outer, other in places:
            if inner != outer and within(inner, outer):
                raise Refused(f"{folder.title} lies in {other.title}: give each a folder that isn't in another's")


def _one_each(by_instance: dict[int, Part], folder: Folder, key: Key) -> list[Part]:
    """The part of each instance. Raises RunFailed naming the instances that have none."""
    what = folder.title + (f" ({key[0]}.{key[1]})" if key[1] else "")
    instances = max((part.instances for part in by_instance.values()), default=1)
    missing = [str(index) for index in range(instances) if index not in by_instance]
    if missing:
        raise RunFailed(f"{what} lacks the part of instance {', '.join(missing)} of {instances}: all are done, and no "
                        "report says what they wrote")
    return [by_instance[index] for index in range(instances)]


def _names(results: Iterable[tuple[str, str]]) -> list[str]:
    """A folder name for each result: those that differ only in what no file name can hold are numbered."""
    names: dict[str, None] = {}
    for pe, port in results:
        stem = f"{safe(pe)}.{safe(port)}"
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names[name] = None
    return list(names)
