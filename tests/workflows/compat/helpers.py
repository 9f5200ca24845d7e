"""A helper module beside the workflow."""

from dataclasses import dataclass, field

from dispel4py.base import BasePE, IterativePE

THRESHOLD = 3


class Base(IterativePE):
    """Users' PEs inherit from users' PEs."""

    factor = 1

    def __init__(self, offset=0):
        super().__init__()
        self.offset = offset

    def _process(self, data):
        return self.change(data) * self.factor + self.offset

    def change(self, data):
        return data


@dataclass
class Reading:
    """An item of a class of the user's own."""

    station: str
    values: list = field(default_factory=list)
    origin: object = None


class Joined(BasePE):
    """Two numbered inputs, as BasePE makes them."""

    def __init__(self):
        BasePE.__init__(self, num_inputs=2, num_outputs=1)

    def process(self, inputs):
        for port in ("input0", "input1"):
            if port in inputs:
                self.write("output0", (port, inputs[port]))


def double(data):
    return data * 2


def scaled(data, by=10, plus=0):
    return data * by + plus
