"""A run with cycles: what its instances report when they have nothing to do, and what rank 0 makes of it."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from typing import Any

from d4p.engines.mpi.control import Control
from d4p.engines.mpi.instance import Instance
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.message import Kind, Message
from d4p.engines.quiescence import Command, Coordinator, StatusReport
from d4p.program.job import Job

#: Seconds for which nothing comes to a rank before its instances report that they have nothing to do.
_LINGER = 0.001


class Round:
    """One rank's part in it. The coordinator is rank 0's.

    Args:
        instances: those of this rank, by number.
    """

    def __init__(self, control: Control, layout: Layout, job: Job, instances: Mapping[int, Instance]) -> None:
        self._layout, self._transport, self._instances = layout, control.transport, instances
        self._coordinator: Coordinator | None = None
        if control.world.rank == 0:
            pes = {number: stage.function.info.pes for stage in layout.stages for number in stage.all}
            self._coordinator = Coordinator(pes, job.workflow.postprocess_order)
        self._transport.handlers |= {Kind.STATUS: self._reported, Kind.COMMAND: self._commanded}

    def report(self, idle: float, resting: Iterable[int]) -> None:
        """Report what is new of the instances that have nothing to do; their rank has had nothing for so many
        seconds."""
        for number in resting:
            instance = self._instances[number]
            if instance.done or not (instance.tally.owes or idle > _LINGER):
                continue
            report = instance.tally.news(instance.sent)
            if report is None:
                continue
            if self._coordinator is not None:
                self._command(instance.number, report)
            else:
                self._send(0, Kind.STATUS, instance.number, report)

    def _reported(self, message: Message) -> None:
        self._command(message.dest, StatusReport(*pickle.loads(message.body)))

    def _command(self, instance: int, report: StatusReport) -> None:
        assert self._coordinator is not None, "reports come to rank 0"
        for number, command in self._coordinator.take(instance, report):
            if number in self._instances:
                self._instances[number].orders.append(command)
            else:
                self._send(self._layout.rank(number), Kind.COMMAND, number, command)

    def _commanded(self, message: Message) -> None:
        self._instances[message.dest].orders.append(Command(*pickle.loads(message.body)))

    def _send(self, rank: int, kind: Kind, instance: int, what: tuple[Any, ...]) -> None:
        self._transport.send(rank, Message(kind, dest=instance, body=pickle.dumps(tuple(what), 5)))
