"""What a workflow can't use, and why."""

from __future__ import annotations

from typing import NamedTuple

from d4p.seismo.ids import parts


class LeftOut(NamedTuple):
    """A record that can't be used. It has the fields by which records are grouped, so it takes their way.

    Attributes:
        network, station, location, channel: of the record; "" where they aren't known.
        component: the last letter of its channel.
        what: what it is: "observed", say, or the name of a file.
        reason: why it is left out.
    """

    network: str
    station: str
    location: str
    channel: str
    component: str
    what: str
    reason: str

    @classmethod
    def of(cls, id: str, what: str, reason: object) -> LeftOut:
        """That of a trace, by its id, NET.STA.LOC.CHA, or "" for a file; `reason` is a text or an exception.

        >>> LeftOut.of("CI.CCA..BHN", "observed", ValueError("it has a gap")).component
        'N'
        """
        network, station, location, channel = parts(id)
        return cls(network, station, location, channel, channel[-1:], what, str(reason))

    @property
    def id(self) -> str:
        """NET.STA.LOC.CHA; "" where it is a file."""
        return f"{self.network}.{self.station}.{self.location}.{self.channel}" if self.station else ""
