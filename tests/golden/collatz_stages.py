"""Channels and stages of collatz."""

import d4p

# runs of items are dealt to the instances of Start
channel_1 = d4p.Channel(1, "Numbers.output -> Start.input", d4p.RoundRobin(runs=True))
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
        {channel_1: into_start, channel_2: into_test_stepped},
        lambda: {"Start": n_start, "Test": n_test, "Collatz": n_collatz},
    )
