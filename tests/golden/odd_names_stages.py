"""Channels and stages of odd_names."""

import d4p

# runs of items are dealt to the instances of class
channel_1 = d4p.Channel(1, "item.output -> class.a b", d4p.RoundRobin(runs=True))
# runs of items are dealt to the instances of class
channel_2 = d4p.Channel(2, "Numbers.output -> class.c-d", d4p.RoundRobin(runs=True))


@d4p.runs("item")
def stage_1(stage):
    (pe_item,) = stage.take()
    to_pe_class = stage.to(channel_1)
    n_pe_item = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_pe_item(items):
        nonlocal n_pe_item
        for item in items:
            n_pe_item += 1
            at[0] = n_pe_item
            item = pe_item._process(item)
            if item is not None:
                to_pe_class(item)

    stage.wire(pe_item, {"output": to_pe_class})
    return stage.ready({"item": into_pe_item}, lambda: {"item": n_pe_item})


@d4p.runs("Numbers")
def stage_2(stage):
    (numbers,) = stage.take()
    to_pe_class = stage.to(channel_2)
    n_numbers = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            at[0] = n_numbers
            item = numbers._process(item)
            if item is not None:
                to_pe_class(item)

    stage.wire(numbers, {"output": to_pe_class})
    return stage.ready({"Numbers": into_numbers}, lambda: {"Numbers": n_numbers})


@d4p.runs("class", "2nd PE!")
def stage_3(stage):
    pe_class, pe_2nd_pe = stage.take()
    result_pe_2nd_pe = stage.result(pe_2nd_pe, "x y")
    send_pe_class = stage.sender(pe_class)
    send_pe_2nd_pe = stage.sender(pe_2nd_pe)
    n_pe_class = n_pe_2nd_pe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_pe_class_a_b(items):
        nonlocal n_pe_class
        for item in items:
            n_pe_class += 1
            at[0] = n_pe_class
            result = pe_class._process({"a b": item})
            if result is not None:
                send_pe_class(result)

    def into_pe_class_c_d(items):
        nonlocal n_pe_class
        for item in items:
            n_pe_class += 1
            at[0] = n_pe_class
            result = pe_class._process({"c-d": item})
            if result is not None:
                send_pe_class(result)

    def into_pe_2nd_pe(item):
        nonlocal n_pe_2nd_pe
        n_pe_2nd_pe += 1
        result = pe_2nd_pe._process({"a b": item})
        if result is not None:
            send_pe_2nd_pe(result)

    stage.wire(pe_class, {"x y": into_pe_2nd_pe})
    stage.wire(pe_2nd_pe, {"x y": result_pe_2nd_pe})
    return stage.ready(
        {channel_1: into_pe_class_a_b, channel_2: into_pe_class_c_d},
        lambda: {"class": n_pe_class, "2nd PE!": n_pe_2nd_pe},
    )
