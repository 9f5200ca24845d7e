"""PEs that give a generator where they mean its items; `as_read` says so in its source, `unseen` doesn't."""

from d4p import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph

MAKERS = {"halves": lambda item: (item / 2 for _ in range(2))}


class Numbers(ProducerPE):
    def _process(self, inputs):
        return 8


class Returns(IterativePE):
    def _process(self, item):
        return (item / 2 for _ in range(2))


class Unseen(IterativePE):
    def _process(self, item):
        return MAKERS["halves"](item)


class Adds(IterativePE):
    def _process(self, item):
        return item + 1


class Shows(ConsumerPE):
    def _process(self, item):
        print(item)


def chain(*pes):
    graph = WorkflowGraph()
    for before, after in zip(pes, pes[1:]):
        graph.connect(before, "output", after, "input")
    return graph


def as_read():
    """Fused with a PE that takes whatever comes: nobody else would notice."""
    return chain(Numbers(), Returns(), Shows())


def unseen():
    """Fused with a PE that fails."""
    return chain(Numbers(), Unseen(), Adds())


def unseen_apart():
    """In a stage of its own, which it can't leave."""
    adds = Adds()
    adds.numprocesses = 2
    adds.inputconnections["input"]["grouping"] = "all"
    return chain(Numbers(), Unseen(), adds)
