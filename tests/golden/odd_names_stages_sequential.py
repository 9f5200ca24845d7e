"""Channels and stages of odd_names."""

import d4p


@d4p.runs("item", "Numbers", "class", "2nd PE!")
def stage_1(stage):
    pe_item, numbers, pe_class, pe_2nd_pe = stage.take()
    result_pe_2nd_pe = stage.result(pe_2nd_pe, "x y")
    send_pe_class = stage.sender(pe_class)
    send_pe_2nd_pe = stage.sender(pe_2nd_pe)
    n_pe_item = n_numbers = n_pe_class = n_pe_2nd_pe = 0

    def into_pe_item(items):
        nonlocal n_pe_item
        for item in items:
            n_pe_item += 1
            item = pe_item._process(item)
            if item is not None:
                pe_item_output(item)

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            item = numbers._process(item)
            if item is not None:
                numbers_output(item)

    def into_pe_class_a_b(item):
        nonlocal n_pe_class
        n_pe_class += 1
        result = pe_class._process({"a b": item})
        if result is not None:
            send_pe_class(result)

    def into_pe_class_c_d(item):
        nonlocal n_pe_class
        n_pe_class += 1
        result = pe_class._process({"c-d": item})
        if result is not None:
            send_pe_class(result)

    def into_pe_2nd_pe(item):
        nonlocal n_pe_2nd_pe
        n_pe_2nd_pe += 1
        result = pe_2nd_pe._process({"a b": item})
        if result is not None:
            send_pe_2nd_pe(result)

    numbers_output = stage.counted("Numbers.output", into_pe_class_c_d)
    pe_item_output = stage.counted("item.output", into_pe_class_a_b)
    stage.wire(pe_item, {"output": pe_item_output})
    stage.wire(numbers, {"output": numbers_output})
    stage.wire(pe_class, {"x y": into_pe_2nd_pe})
    stage.wire(pe_2nd_pe, {"x y": result_pe_2nd_pe})
    return stage.ready(
        {"item": into_pe_item, "Numbers": into_numbers},
        lambda: {"item": n_pe_item, "Numbers": n_numbers, "class": n_pe_class, "2nd PE!": n_pe_2nd_pe},
    )
