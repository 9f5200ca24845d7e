"""Channels and stages of collatz."""

import d4p

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
        {"Numbers": into_numbers, channel_1: into_test_stepped},
        lambda: {"Numbers": n_numbers, "Start": n_start, "Test": n_test, "Collatz": n_collatz},
    )
