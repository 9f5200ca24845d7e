"""Work of about a millisecond an item, all of it Python's."""

import hashlib

from d4p import ConsumerPE, GenericPE, IterativePE, WorkflowGraph


class Numbers(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.name = "source"
        self._add_input("count")
        self._add_output("output")

    def process(self, inputs):
        for number in range(inputs["count"]):
            self.write("output", number)


class Work(IterativePE):
    """Hashes a number so many times."""

    def __init__(self, rounds):
        IterativePE.__init__(self)
        self.rounds = rounds

    def _process(self, number):
        return work(number, self.rounds)


class Count(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = self.sum = 0

    def _process(self, number):
        self.count += 1
        self.sum += number

    def postprocess(self):
        print("answer %d %d" % (self.count, self.sum), flush=True)


def work(number, rounds):
    digest = number.to_bytes(8, "little")
    for _ in range(rounds):
        digest = hashlib.blake2b(digest, digest_size=8).digest()
    return int.from_bytes(digest, "little")


def pipeline(rounds, instances):
    """Numbers | Work, so many instances | Count; with one all three are one stage."""
    graph = WorkflowGraph()
    numbers, steps, count = Numbers(), Work(rounds), Count()
    steps.numprocesses = instances
    graph.connect(numbers, "output", steps, "input")
    graph.connect(steps, "output", count, "input")
    return graph
