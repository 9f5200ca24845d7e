"""Four PEs in one stage, behind a source that is kept apart: three ways to write the same."""

from d4p import ConsumerPE, GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Source(ProducerPE):
    def _process(self, inputs):
        return 0


class Returning(IterativePE):
    def _process(self, data):
        return data + 1


class Writing(IterativePE):
    def _process(self, data):
        self.write("output", data + 1)


class Dicts(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        return {"output": inputs["input"] + 1}


class Last(ConsumerPE):
    def _process(self, data):
        self.last = data


KINDS = {"returning": Returning, "writing": Writing, "dicts": Dicts}


def chain(kind="returning"):
    """Source | a > b > c > last."""
    graph = WorkflowGraph()
    source, pes = Source(), [KINDS[kind](), KINDS[kind](), KINDS[kind](), Last()]
    for name, pe in zip("abcd", pes, strict=True):
        pe.name = name
    previous = source
    for pe in pes:
        graph.connect(previous, "output", pe, "input")
        previous = pe
    graph.partitions = [[source], pes]
    return graph
