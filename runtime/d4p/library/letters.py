"""The source of a replay: items that were set aside, once more."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

from d4p.graph.base import ProducerPE


class Letters(ProducerPE):
    """Writes the items of some pickles, which whoever makes it trusts."""

    def __init__(self, pickles: Iterable[bytes]) -> None:
        ProducerPE.__init__(self)
        self.pickles = tuple(pickles)

    def _process(self, inputs: dict[str, Any]) -> None:
        for each in self.pickles:
            self.write("output", pickle.loads(each))
