"""What an instance must know to write outputs: made by the program, carried to it by the workflow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from d4p.filesystems import reads
from d4p.frozen import dataclass

if TYPE_CHECKING:
    from d4p.outputs.part import Part, Place

#: In the place of a port: the items of a PE that are set aside. No port is called so.
LETTERS = "\n"
#: An output of a run: (PE's name in the plan, None) for a writer, (PE's name, port) for a result that goes to --output,
#: (PE's name, LETTERS).
Key = tuple[str, str | None]


@dataclass(frozen=True)
class Writing:
    """Attributes:

    run: a random id, by which attempts of other runs are told apart.
    places: where the attempts of each output go. A writer that has none writes nothing: its output is there already.
    spooled: whether results are (also) kept for whoever started the program.
    reads: folders (URLs) for notes of what processes read (`d4p.filesystems.reads`).
    watched: whether PEs are watched for such notes.
    own: the outputs' paths on this machine, and `program` the folder of the program.
    resume: whether what an earlier run wrote was to be kept, so that it is said where that can't be.
    log: the file of the run's record that takes what PEs log; "" where there is none.
    profile: whether the calls of PEs are timed for the record.
    on_error: what the command line says of items that fail, as `d4p.graph.policies.chosen` takes it.
    """

    run: str = ""
    places: Mapping[Key, Place] = field(default_factory=dict)
    spooled: bool = True
    reads: tuple[str, ...] = ()
    watched: bool = False
    own: tuple[str, ...] = ()
    program: str = ""
    resume: bool = False
    on_error: tuple[str, ...] = ()
    log: str = ""
    profile: bool = False

    @property
    def recorded(self) -> bool:
        """Whether the run leaves a record."""
        return bool(self.log)

    def begin_notes(self) -> None:
        """In each process that runs instances, before they read anything."""
        if self.reads:
            reads.begin(self.run, self.own, self.watched, self.program)

    def keep_notes(self) -> None:
        """Write down what this process has read, before anything that was made of it is complete. Raises OSError."""
        if self.reads and (notes := reads.taken()):
            from d4p.outputs.store import Store, dumped  # here, as what follows is for runs that write outputs

            for url in self.reads:
                store = Store(url)
                store.write(f"{store.path}/{new_id()}.json", dumped({"notes": notes}))

    def earlier(self, keys: list[Key], instance: int, instances: int) -> dict[Key, Part] | None:
        """The parts of an instance that an earlier run made whole, if one attempt made those of all its outputs."""
        found = [self.places[key].of_earlier(instance, instances) for key in keys]
        common = set.intersection(*map(set, found)) if found else set()
        return {key: parts[min(common)] for key, parts in zip(keys, found, strict=True)} if common else None


def new_id() -> str:
    """An id of a run or an attempt that no other has."""
    return os.urandom(6).hex()
