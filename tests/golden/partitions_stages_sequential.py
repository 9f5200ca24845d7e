"""Channels and stages of partitions."""

import d4p

# runs of items are dealt to the instances of First
channel_1 = d4p.Channel(1, "Pairs.output -> First.input", d4p.RoundRobin(runs=True))
# items whose [0] are equal meet in one instance of Listing
channel_2 = d4p.Channel(2, "First.output -> Listing.input", d4p.Hash(0))


@d4p.runs("Pairs")
def stage_1(stage):
    (pairs,) = stage.take()
    to_first = stage.to(channel_1)
    n_pairs = 0

    def into_pairs(items):
        nonlocal n_pairs
        for item in items:
            n_pairs += 1
            item = pairs._process(item)
            if item is not None:
                to_first(item)

    stage.wire(pairs, {"output": to_first})
    return stage.ready({"Pairs": into_pairs}, lambda: {"Pairs": n_pairs})


@d4p.runs("First")
def stage_2(stage):
    (first,) = stage.take()
    to_listing = stage.to(channel_2)
    n_first = 0

    def into_first(items):
        nonlocal n_first
        for item in items:
            n_first += 1
            item = (item[0] * 2, item[1])  # First
            to_listing(item)

    stage.wire(first, {"output": to_listing})
    stage.inline(into_first, (first, "(item[0] * 2, item[1])"))
    return stage.ready({channel_1: into_first}, lambda: {"First": n_first})


@d4p.runs("Listing")
def stage_3(stage):
    (listing,) = stage.take()
    result_listing = stage.result(listing, "output")
    send_listing = stage.sender(listing)
    n_listing = 0

    def into_listing(items):
        nonlocal n_listing
        for item in items:
            n_listing += 1
            result = listing._process({"input": item})
            if result is not None:
                send_listing(result)

    stage.wire(listing, {"output": result_listing})
    return stage.ready({channel_2: into_listing}, lambda: {"Listing": n_listing})
