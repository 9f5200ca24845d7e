"""cycles for one process: 4 PEs in 1 stage, 1 exchange, 1 of them back.

stage 1 x1  Numbers > Start > Test > Collatz
            Collatz.output -> Test.stepped  forward, leads back
            Test.done                       result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("cycles:collatz", fingerprint="8582221f16eeed52", parameters={})

# instance i of Collatz feeds instance i of Test; leads back
channel_1 = d4p.Channel(1, "Collatz.output -> Test.stepped", d4p.Forward(), back=True)


@d4p.runs("Numbers", "Start", "Test", "Collatz")
def stage_1(stage):
    numbers, start, test, collatz = stage.take()
    to_test = stage.to(channel_1)
    result_test_done = stage.result(test, "done")
    send_test = stage.sender(test)
    n_numbers = n_start = n_test = n_collatz = 0

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            item = numbers._process(item)
            if item is not None:
                into_start(item)

    def into_start(item):
        nonlocal n_start
        n_start += 1
        item = (item, item, 0)  # Start
        start_output(item)

    def into_test_stepped(items):
        nonlocal n_test
        for item in items:
            n_test += 1
            result = test._process({"stepped": item})
            if result is not None:
                send_test(result)

    def into_test_new(item):
        nonlocal n_test
        n_test += 1
        result = test._process({"new": item})
        if result is not None:
            send_test(result)

    def into_collatz(item):
        nonlocal n_collatz
        n_collatz += 1
        item = collatz._process(item)
        if item is not None:
            to_test(item)

    start_output = stage.counted("Start.output", into_test_new)
    stage.wire(numbers, {"output": into_start})
    stage.wire(start, {"output": start_output})
    stage.wire(test, {"again": into_collatz, "done": result_test_done})
    stage.wire(collatz, {"output": to_test})
    stage.inline(into_start, (start, "(item, item, 0)"))
    return stage.ready(
        {"Numbers": into_numbers, 1: into_test_stepped},
        lambda: {"Numbers": n_numbers, "Start": n_start, "Test": n_test, "Collatz": n_collatz},
    )


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: Numbers > Start > Test > Collatz
    run.stage(stage_1, instances=1, takes=[channel_1], sends=[channel_1])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.ENGINE)
