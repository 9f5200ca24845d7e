"""A run's outputs by hand: what a program and the instances of one writer do, step by step."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from d4p.commit.folder import Folder
from d4p.outputs.part import Maker, Part
from d4p.outputs.writing import new_id

IDENTITY = {"plan": "p", "code": "c", "inputs": "i", "files": {}}


class ByHand:
    """One run of a writer."""

    def __init__(self, pe: Any, *, overwrite: bool = False, resume: bool = False, identity: Any = None) -> None:
        self.pe, self.run, self.identity = pe, new_id(), identity or IDENTITY
        self.folder = Folder(pe.path, pe.id)
        self.folder.claim(self.run)
        try:
            self.folder.look(self.identity, overwrite, resume)
            if not self.folder.committed and not self.folder.decided:
                self.folder.prepare(self.identity, self.run)
        except BaseException:
            self.folder.release()
            raise

    def begin(self, rank: int, instances: int) -> Any:
        """An instance, as it is made in some process."""
        mine = pickle.loads(pickle.dumps(self.pe))
        mine.rank = rank
        place, maker = self.folder.places()[""], Maker(rank, instances, f"{self.run}.{new_id()}")
        mine.write_to(*pickle.loads(pickle.dumps((place, maker))))
        mine.preprocess()
        return mine

    def instance(self, rank: int, instances: int, items: list[Any]) -> Part:
        """The whole life of one."""
        mine = self.begin(rank, instances)
        for item in items:
            mine.process({"input": item})
        mine.postprocess()
        return mine.part

    def commit(self, *parts: Part) -> None:
        self.folder.decide({"": list(parts)}, self.identity, self.run)
        self.folder.commit()


def files(folder: Path) -> dict[str, str]:
    """The content of the files of an output, without the one that says that it is whole."""
    found = {p.name: p.read_text() for p in sorted(folder.iterdir())}
    assert found.pop("_SUCCESS")
    return found
