"""Runs a compiled program in which one worker is killed: `python killing.py job.py [its options]`.

The program is the same as without: what is changed is `d4p.stage.instance.Stage` as the program finds it, before
workers are forked from it. D4P_CHAOS says what is to happen, in JSON:

    {"count": FOLDER}       nobody is killed: each instance of a stage leaves a file that says what it went through
    {"stage": 2, "instance": 0, "moment": "item", "item": 7, "marker": FILE}
                            that instance is killed when it has processed its 7th item, of all its channels; without
                            an instance (null), the first one that has
     "moment": "preprocess" | "postprocess" | "rename" | "finished"
                            before the first of its PEs' own; before a part of its gets the name of a complete one;
                            when all its parts have theirs and the program doesn't know yet

FILE then says when that was, which instance it was, and how many items each PE of it had received.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any


class Killer:
    """What is done at each moment of an instance's life."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.items: Counter[tuple[int, int]] = Counter()  # by stage and instance
        self.inside: Any = None  # the stage that may be about to complete its parts
        self.renames: set[tuple[int, int]] = set()

    def at(self, stage: Any, moment: str, item: int | None = None) -> None:
        """An instance has come to a moment of its life."""
        here = {"stage": stage.number, "instance": stage.index, "moment": moment, "item": item}
        if "marker" in self.wanted and self.wanted["instance"] is None:
            del here["instance"]
        if all(self.wanted.get(key) == value for key, value in here.items()):
            with contextlib.suppress(FileExistsError), open(self.wanted["marker"], "x") as file:
                json.dump({"at": time.time(), "instance": stage.index, "received": stage.counts()}, file)
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        if moment == "rename":
            self.renames.add((stage.number, stage.index))
        if moment == "finished" and "count" in self.wanted:
            self._tell(stage)

    def _tell(self, stage: Any) -> None:
        key = stage.number, stage.index
        with open(os.path.join(self.wanted["count"], f"{stage.number}-{stage.index}"), "w") as file:
            json.dump({"stage": stage.number, "instance": stage.index, "items": self.items[key],
                       "renames": key in self.renames}, file)

    def each(self, stage: Any, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each of which comes to a moment once it is processed."""
        key = stage.number, stage.index
        for item in items:
            yield item
            self.items[key] += 1
            self.at(stage, "item", self.items[key])


def change(killer: Killer, stage: type, store: type) -> None:
    """Have the classes of the runtime tell of what they do."""
    feed, preprocess, postprocess, finish, rename = (
        stage.feed, stage.preprocess_pe, stage.postprocess_pe, stage.finish, store.rename)

    def feeding(self: Any, entry: Any, items: Iterable[Any]) -> None:
        feed(self, entry, killer.each(self, items))

    def preprocessing(self: Any, name: str) -> None:
        killer.at(self, "preprocess")
        preprocess(self, name)

    def postprocessing(self: Any, name: str) -> None:
        killer.at(self, "postprocess")
        killer.inside = self
        postprocess(self, name)
        killer.inside = None

    def finishing(self: Any) -> None:
        killer.inside = self
        finish(self)
        killer.inside = None
        killer.at(self, "finished")

    def renaming(self: Any, source: str, dest: str) -> None:
        if killer.inside is not None:
            killer.at(killer.inside, "rename")
        rename(self, source, dest)

    stage.feed, stage.preprocess_pe, stage.postprocess_pe = feeding, preprocessing, postprocessing
    stage.finish, store.rename = finishing, renaming


def main() -> None:
    """Change the runtime that lies beside the program, and run it."""
    del sys.argv[0]
    folder = os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.path[0] = folder  # as Python has it for a script
    sys.path.insert(0, os.path.join(folder, "d4p.zip"))
    from d4p.outputs.store import Store
    from d4p.stage.instance import Stage

    change(Killer(json.loads(os.environ["D4P_CHAOS"])), Stage, Store)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
