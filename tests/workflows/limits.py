"""Roots of all kinds, to be run with --limit."""

from __future__ import annotations

from d4p import ConsumerPE, GenericPE, IterativePE, ProducerPE, ReadLines, WorkflowGraph


def note(pe, text):
    with open(pe.noted, "a") as file:
        file.write(f"{text}\n")


class Endless(GenericPE):
    """Writes for ever, to two ports in turn."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("a")
        self._add_output("b")

    def _process(self, inputs):
        number = 0
        while True:
            for port in ("a", "b"):
                try:
                    self.write(port, (port, number))
                except Exception:
                    note(self, "an Exception ends process, that a PE may catch")
            number += 1

    def _postprocess(self):
        self.write("a", "more than enough")
        note(self, "Endless")


class EndlessProducer(ProducerPE):
    def _process(self):
        number = 0
        while True:
            self.write("output", number)
            number += 1

    def _postprocess(self):
        note(self, "EndlessProducer")


class Odd(ProducerPE):
    """Returns every other time."""

    def __init__(self):
        ProducerPE.__init__(self)
        self.number = 0

    def _process(self, inputs):
        self.number += 1
        return self.number if self.number % 2 else None

    def _postprocess(self):
        note(self, f"Odd {self.number}")


class Both(GenericPE):
    """Returns an item for each of two ports."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("a")
        self._add_output("b")
        self.number = 0

    def process(self, inputs):
        self.number += 1
        return {"a": self.number, "b": self.number}

    def postprocess(self):
        note(self, f"Both {self.number}")


class Sink(ConsumerPE):
    """A root without outputs."""

    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = 0

    def process(self, inputs):
        self.count += 1

    def _postprocess(self):
        note(self, f"Sink {self.count}")


class Last(ProducerPE):
    """Writes all at the end."""

    def _postprocess(self):
        for number in range(9):
            self.write("output", number)
        note(self, "Last")


class Same(IterativePE):
    def _process(self, item):
        return item


def graph(path, noted):
    made = WorkflowGraph()
    lines = ReadLines(path, split_bytes=8)
    lines.numprocesses = 3
    for root, ports in ((Endless(), "ab"), (EndlessProducer(), ["output"]), (Odd(), ["output"]), (Both(), "ab"),
                        (lines, ["output"]), (Last(), ["output"])):
        root.noted, same = noted, Same()
        same.name = f"of{type(root).__name__}"
        for port in ports:
            made.connect(root, port, same, "input")
    made.add(sink := Sink())
    sink.noted = noted
    return made
