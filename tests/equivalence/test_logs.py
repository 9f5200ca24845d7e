"""What PEs log is shown by the program, on every target, also what came before a failure."""

from __future__ import annotations

import pytest

from d4p.errors import RunFailed
from tests.targets import TARGETS, answers, on_spark

WORKFLOW = """
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(6):
            self.write("output", number)


class Logs(IterativePE):
    stateful = True

    def preprocess(self):
        self.log("begins")

    def _process(self, number):
        self.log(f"has {number}")
        return 12 // (number - LAST)

    def postprocess(self):
        self.log("ends")


LAST = 100
graph = WorkflowGraph()
graph.connect(Numbers(), "output", Logs(), "input")
"""


@pytest.fixture
def workflow(tmp_path):
    def make(last: int) -> str:
        path = tmp_path / f"logs{last}.py"
        path.write_text(WORKFLOW.replace("LAST = 100", f"LAST = {last}"))
        return f"{path}:graph"

    return make


@pytest.mark.spark
@pytest.mark.parametrize("target", TARGETS)
def test_lines_of_pes(target, workflow, spark_session, capfd):
    more = {"session": spark_session} if on_spark(target) else {"quiet": False}
    answers(workflow(100), target, width=2, **more)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("Logs [")]
    assert lines == ["Logs [0]: begins", *(f"Logs [0]: has {number}" for number in range(6)), "Logs [0]: ends"]
    with pytest.raises(RunFailed, match="ZeroDivisionError"):
        answers(workflow(3), target, width=2, **more)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("Logs [")]
    assert lines == ["Logs [0]: begins", *(f"Logs [0]: has {number}" for number in range(4))]
