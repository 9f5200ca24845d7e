"""Channels and stages of diamond."""

import d4p


@d4p.runs("Numbers", "Plus1", "Plus2", "Listing")
def stage_1(stage):
    numbers, plus1, plus2, listing = stage.take()
    result_listing = stage.result(listing, "output")
    send_listing = stage.sender(listing)
    n_numbers = n_plus1 = n_plus2 = n_listing = 0

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            item = numbers._process(item)
            if item is not None:
                numbers_output(item)

    def numbers_output(item):
        # 2 consumers: each gets an item of its own
        into_plus1(stage.own(item))
        into_plus2(item)

    def into_plus1(item):
        nonlocal n_plus1
        n_plus1 += 1
        item = item + plus1.n  # Plus1
        if item is not None:
            plus1_output(item)

    def into_plus2(item):
        nonlocal n_plus2
        n_plus2 += 1
        item = item + plus2.n  # Plus2
        if item is not None:
            plus2_output(item)

    def into_listing_l(item):
        nonlocal n_listing
        n_listing += 1
        result = listing._process({"l": item})
        if result is not None:
            send_listing(result)

    def into_listing_r(item):
        nonlocal n_listing
        n_listing += 1
        result = listing._process({"r": item})
        if result is not None:
            send_listing(result)

    plus1_output = stage.counted("Plus1.output", into_listing_l)
    plus2_output = stage.counted("Plus2.output", into_listing_r)
    stage.wire(numbers, {"output": numbers_output})
    stage.wire(plus1, {"output": plus1_output})
    stage.wire(plus2, {"output": plus2_output})
    stage.wire(listing, {"output": result_listing})
    stage.inline(into_plus1, (plus1, "item + self.n"))
    stage.inline(into_plus2, (plus2, "item + self.n"))
    return stage.ready(
        {"Numbers": into_numbers},
        lambda: {"Numbers": n_numbers, "Plus1": n_plus1, "Plus2": n_plus2, "Listing": n_listing},
    )
