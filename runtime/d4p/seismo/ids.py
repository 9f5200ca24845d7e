"""Ids of traces, NET.STA.LOC.CHA, as people write them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from d4p.errors import Refused


def matching(name: str, ids: Sequence[str]) -> list[str]:
    """The ids that a name stands for: an id, or a part of it, NET.STA.LOC, NET.STA or STA. Raises Refused.

    >>> matching("CCA", ["CI.CCA..BHE", "CI.CCA..BHN", "CI.HEC..BHN"])
    ['CI.CCA..BHE', 'CI.CCA..BHN']
    """
    if name in ids:
        return [name]
    found = [one for one in ids if one.startswith(f"{name}.") or one.split(".")[1:2] == [name]]
    if found:
        return found
    close = difflib.get_close_matches(name, ids, 3, 0.3) or list(ids[:3])
    raise Refused(f"{name!r} must be the id of a trace (NET.STA.LOC.CHA), NET.STA or a station; of the {len(ids):,} "
                  f"that there are, the most like it: {', '.join(close)}")


def parts(name: str) -> tuple[str, str, str, str]:
    """Network, station, location and channel of an id; a name without dots is a station."""
    network, station, location, channel = f"{name}...".split(".")[:4] if "." in name else ("", name, "", "")
    return network, station, location, channel


def joined(first: str, second: str) -> tuple[str, str, str, str]:
    """Network, station, location and channel of a pair: station "CCA-HEC", and so the others, where they differ.

    >>> joined("CI.CCA..BHN", "CI.HEC..BHN")
    ('CI', 'CCA-HEC', '', 'BHN')
    """
    pairs = list(zip(parts(first), parts(second), strict=True))
    network, _, location, channel = (a if a == b else f"{a}-{b}" for a, b in pairs)
    return network, "-".join(pairs[1]), location, channel
