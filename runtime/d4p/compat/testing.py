"""Small PEs to try things with: those of dispel4py's `examples.graph_testing.testing_PEs`, by the same names."""

from __future__ import annotations

import random
import time
from typing import Any

from d4p.graph.base import ConsumerPE, IterativePE, ProducerPE
from d4p.graph.core import GenericPE


class TestProducer(GenericPE):
    """Writes 1, 2, 3, ..., the next number a call, to `output` (or to each of `output0`, `output1`, ...)."""

    __test__ = False  # not a pytest class

    def __init__(self, numOutputs: int = 1) -> None:
        GenericPE.__init__(self)
        self.outputnames = ["output"] if numOutputs == 1 else [f"output{i}" for i in range(numOutputs)]
        for name in self.outputnames:
            self._add_output(name, tuple_type=["number"])
        self.counter = 0

    def _process(self, inputs: dict[str, Any]) -> dict[str, int]:
        self.counter += 1
        return dict.fromkeys(self.outputnames, self.counter)


class NumberProducer(GenericPE):
    """The first call writes `[0]`, `[1]`, ..., `[numIterations - 1]`; call c (from 0) writes `[c * i + i]`."""

    def __init__(self, numIterations: int = 1) -> None:
        GenericPE.__init__(self)
        self._add_output("output", tuple_type=["number"])
        self.counter = 0
        self.numIterations = numIterations

    def _process(self, inputs: dict[str, Any]) -> None:
        for i in range(self.numIterations):
            self.write("output", [self.counter * i + i])
        self.counter += 1


class IntegerProducer(ProducerPE):
    """Writes the integers from `start` up to but not including `limit`."""

    def __init__(self, start: int, limit: int) -> None:
        ProducerPE.__init__(self)
        self.start = start
        self.limit = limit

    def _process(self, inputs: dict[str, Any]) -> None:
        for number in range(self.start, self.limit):
            self.write("output", number)


class TestMultiProducer(GenericPE):
    """Writes 0 to `num_output - 1` a call."""

    __test__ = False

    def __init__(self, num_output: int = 10) -> None:
        GenericPE.__init__(self)
        self._add_output("output")
        self.num_output = num_output

    def _process(self, inputs: dict[str, Any]) -> None:
        for number in range(self.num_output):
            self.write("output", number)


class TestOneInOneOut(GenericPE):
    """Returns each item as it came; the output has the type of the input."""

    __test__ = False

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")

    def setInputTypes(self, types: dict[str, Any]) -> None:
        for port in (self.inputconnections["input"], self.outputconnections["output"]):
            port["type"] = types["input"]

    def process(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"output": inputs["input"]}


class TestIterative(IterativePE):
    """Returns each item as it came."""

    __test__ = False

    def _process(self, data: Any) -> Any:
        return data


class TestDelayOneInOneOut(GenericPE):
    """Returns each item after `delay` seconds."""

    __test__ = False

    def __init__(self, delay: float = 1) -> None:
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output", tuple_type=["number"])
        self.delay = delay

    def process(self, inputs: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.delay)
        return {"output": inputs["input"]}


class TestOneInOneOutWriter(GenericPE):
    """Writes each item as it came, with `write` where the others return."""

    __test__ = False

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output", tuple_type=["number"])

    def process(self, inputs: dict[str, Any]) -> None:
        self.write("output", inputs["input"])


class TestTwoInOneOut(GenericPE):
    """Returns the items of a call, from `input0` and `input1`, joined to one string."""

    __test__ = False

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input("input0")
        self._add_input("input1")
        self._add_output("output", tuple_type=["result"])

    def process(self, inputs: dict[str, Any]) -> dict[str, str] | None:
        joined = "".join(str(inputs[port]) for port in self.inputconnections if port in inputs)
        return {"output": joined} if joined else None


class PrintDataConsumer(ConsumerPE):
    """Prints each item."""

    def _process(self, data: Any) -> None:
        print(data)


class RandomFilter(GenericPE):
    """Lets about half of the items through, by chance."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output", tuple_type=["word"])

    def process(self, inputs: dict[str, Any]) -> dict[str, Any] | None:
        return {"output": inputs["input"]} if random.random() < 0.5 else None


class WordCounter(GenericPE):
    """For each item `[word, ...]` returns `[word, how often it came so far]`; grouped by the word."""

    input_name = "input"
    output_name = "output"

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output", tuple_type=["word", "count"])
        self.mywords: dict[Any, int] = {}

    def _process(self, inputs: dict[str, Any]) -> dict[str, list]:
        word = inputs["input"][0]
        self.mywords[word] = self.mywords.get(word, 0) + 1
        return {"output": [word, self.mywords[word]]}


class RandomWordProducer(GenericPE):
    """Returns `[word]`, one of `words` by chance."""

    words = ["dispel4py", "computing", "mpi", "processing", "simple", "analysis", "data"]

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_output("output", tuple_type=["word"])

    def process(self, inputs: dict[str, Any] | None = None) -> dict[str, list[str]]:
        return {"output": [random.choice(self.words)]}
