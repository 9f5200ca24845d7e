"""A run with cycles: what its instances tell when they have nothing to do, and what rank 0 makes of it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from d4p.engines.mpi.desk import Desk
from d4p.engines.mpi.instance import Instance
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.message import Kind, Message
from d4p.engines.quiescence import Command, Coordinator, Told
from d4p.program.job import Job

#: Seconds for which nothing comes to a rank before its instances tell that they have nothing to do.
_LINGER = 0.001


class Round:
    """One rank's part in it. The coordinator is rank 0's.

    Args:
        names: the PEs of each stage, by its function.
        instances: those of this rank, by number.
    """

    def __init__(self, desk: Desk, layout: Layout, job: Job, names: Mapping[Callable, tuple[str, ...]],
                 instances: Mapping[int, Instance]) -> None:
        self._layout, self._mail, self._instances = layout, desk.mail, instances
        self._coordinator: Coordinator | None = None
        if desk.world.rank == 0:
            pes = {number: names[stage.function] for stage in layout.stages for number in stage.all}
            self._coordinator = Coordinator(pes, job.workflow.postprocess_order)
        self._mail.handlers |= {Kind.TOLD: self._told, Kind.COMMAND: self._commanded}

    def tell(self, idle: float) -> None:
        """Tell what there is to tell of instances that have nothing to do; their rank has had nothing for so long."""
        for instance in self._instances.values():
            if instance.done or not (instance.tally.owes or idle > _LINGER):
                continue
            told = instance.tally.news(instance.sent)
            if told is None:
                continue
            if self._coordinator is not None:
                self._command(instance.number, told)
            else:
                self._send(0, Kind.TOLD, instance.number, told)

    def _told(self, message: Message) -> None:
        self._command(message.dest, Told(*pickle.loads(message.body)))

    def _command(self, instance: Hashable, told: Told) -> None:
        for number, command in self._coordinator.told(instance, told):
            if number in self._instances:
                self._instances[number].orders.append(command)
            else:
                self._send(self._layout.rank(number), Kind.COMMAND, number, command)

    def _commanded(self, message: Message) -> None:
        self._instances[message.dest].orders.append(Command(*pickle.loads(message.body)))

    def _send(self, rank: int, kind: Kind, instance: int, what: tuple[Any, ...]) -> None:
        self._mail.send(rank, Message(kind, dest=instance, body=pickle.dumps(tuple(what), 5)))
