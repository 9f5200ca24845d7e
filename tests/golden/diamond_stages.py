"""Channels and stages of diamond."""

import d4p

# runs of items are dealt to the instances of Plus1
channel_1 = d4p.Channel(1, "Numbers.output -> Plus1.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of Plus2
channel_2 = d4p.Channel(2, "Numbers.output -> Plus2.input", d4p.RoundRobin(runs=True), places="runs")
# one instance of Listing gets every item, in the order of the sequential run
channel_3 = d4p.Channel(3, "Plus1.output -> Listing.l", d4p.Gather(), places="runs")
# one instance of Listing gets every item, in the order of the sequential run
channel_4 = d4p.Channel(4, "Plus2.output -> Listing.r", d4p.Gather(), places="runs")


@d4p.runs("Numbers")
def stage_1(stage):
    (numbers,) = stage.take()
    to_plus1 = stage.to(channel_1)
    to_plus2 = stage.to(channel_2)
    n_numbers = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            at[0] = n_numbers
            item = numbers._process(item)
            if item is not None:
                numbers_output(item)

    def numbers_output(item):
        # 2 consumers: each gets an item of its own
        to_plus1(stage.own(item))
        to_plus2(item)

    stage.wire(numbers, {"output": numbers_output})
    return stage.ready({"Numbers": into_numbers}, lambda: {"Numbers": n_numbers})


@d4p.runs("Plus1")
def stage_2(stage):
    (plus1,) = stage.take()
    to_listing = stage.to(channel_3)
    n_plus1 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_plus1(items):
        nonlocal n_plus1
        for item in items:
            n_plus1 += 1
            at[0] = n_plus1
            item = item + plus1.n  # Plus1
            if item is not None:
                to_listing(item)

    stage.wire(plus1, {"output": to_listing})
    stage.inline(into_plus1, (plus1, "item + self.n"))
    return stage.ready({channel_1: into_plus1}, lambda: {"Plus1": n_plus1})


@d4p.runs("Plus2")
def stage_3(stage):
    (plus2,) = stage.take()
    to_listing = stage.to(channel_4)
    n_plus2 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_plus2(items):
        nonlocal n_plus2
        for item in items:
            n_plus2 += 1
            at[0] = n_plus2
            item = item + plus2.n  # Plus2
            if item is not None:
                to_listing(item)

    stage.wire(plus2, {"output": to_listing})
    stage.inline(into_plus2, (plus2, "item + self.n"))
    return stage.ready({channel_2: into_plus2}, lambda: {"Plus2": n_plus2})


@d4p.runs("Listing")
def stage_4(stage):
    (listing,) = stage.take()
    result_listing = stage.result(listing, "output")
    send_listing = stage.sender(listing)
    n_listing = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_listing_l(items):
        nonlocal n_listing
        for item in items:
            n_listing += 1
            at[0] = n_listing
            result = listing._process({"l": item})
            if result is not None:
                send_listing(result)

    def into_listing_r(items):
        nonlocal n_listing
        for item in items:
            n_listing += 1
            at[0] = n_listing
            result = listing._process({"r": item})
            if result is not None:
                send_listing(result)

    stage.wire(listing, {"output": result_listing})
    return stage.ready({channel_3: into_listing_l, channel_4: into_listing_r}, lambda: {"Listing": n_listing})
