"""cycles for MPI: 4 PEs in 2 stages, 2 exchanges, 1 of them back.

stage 1 x1  Numbers
            Numbers.output -> Start.input   round robin
stage 2 xW  Start > Test > Collatz
            Collatz.output -> Test.stepped  forward, leads back
            Test.done                       result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import mpi  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("cycles:collatz", fingerprint="8582221f16eeed52", parameters={})

# items take turns over the instances of Start
channel_1 = d4p.Channel(1, "Numbers.output -> Start.input", d4p.RoundRobin())
# instance i of Collatz feeds instance i of Test; leads back
channel_2 = d4p.Channel(2, "Collatz.output -> Test.stepped", d4p.Forward(), back=True)


@d4p.runs("Numbers")
def stage_1(stage):
    (numbers,) = stage.take()
    to_start = stage.to(channel_1)
    n_numbers = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            at[0] = n_numbers
            item = numbers._process(item)
            if item is not None:
                to_start(item)

    stage.wire(numbers, {"output": to_start})
    return stage.ready({"Numbers": into_numbers}, lambda: {"Numbers": n_numbers})


@d4p.runs("Start", "Test", "Collatz")
def stage_2(stage):
    start, test, collatz = stage.take()
    to_test = stage.to(channel_2)
    result_test_done = stage.result(test, "done")
    send_test = stage.sender(test)
    n_start = n_test = n_collatz = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_start(items):
        nonlocal n_start
        for item in items:
            n_start += 1
            at[0] = n_start
            item = (item, item, 0)  # Start
            start_output(item)

    def into_test_stepped(items):
        nonlocal n_test
        for item in items:
            n_test += 1
            at[0] = n_test
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
    stage.wire(start, {"output": start_output})
    stage.wire(test, {"again": into_collatz, "done": result_test_done})
    stage.wire(collatz, {"output": to_test})
    stage.inline(into_start, (start, "(item, item, 0)"))
    return stage.ready(
        {1: into_start, 2: into_test_stepped},
        lambda: {"Start": n_start, "Test": n_test, "Collatz": n_collatz},
    )


def main(run):
    """Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."""
    # stage 1 x1: Numbers
    run.stage(stage_1, instances=1, sends=[channel_1])
    # stage 2 xW: Start > Test > Collatz
    run.stage(stage_2, instances=run.width, takes=[channel_1, channel_2], sends=[channel_2])


if __name__ == "__main__":
    d4p.start(main, workflow, mpi.ENGINE)
