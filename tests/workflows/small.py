"""Two PEs, and nothing that few workflows have."""

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Counts(ProducerPE):
    def _process(self, inputs):
        for number in range(10):
            self.write("output", number)


class AddsOne(IterativePE):
    def _process(self, number):
        return number + 1


graph = WorkflowGraph()
graph.connect(Counts(), "output", AddsOne(), "input")
