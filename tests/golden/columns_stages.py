"""Channels and stages of columns."""

import d4p

# items take turns over the instances of CountPE
channel_1 = d4p.Channel(1, "Items.output -> CountPE.input", d4p.RoundRobin())
# items whose [0] are equal meet in one instance of SumPE2
channel_2 = d4p.Channel(2, "Items.output -> SumPE2.input", d4p.Hash(0))
# every instance of SumPE3 gets every item
channel_3 = d4p.Channel(3, "Items.output -> SumPE3.input", d4p.Broadcast())
# items take turns over the instances of MinPE
channel_4 = d4p.Channel(4, "Items.output -> MinPE.input", d4p.RoundRobin())
# every instance of MaxPE gets every item
channel_5 = d4p.Channel(5, "Items.output -> MaxPE.input", d4p.Broadcast())
# items take turns over the instances of AverageParallelPE
channel_6 = d4p.Channel(6, "Items.output -> AverageParallelPE.input", d4p.RoundRobin())
# every instance of Listing gets every item
channel_7 = d4p.Channel(7, "Items.output -> Listing.input", d4p.Broadcast())
# runs of items are dealt to the instances of Seen
channel_8 = d4p.Channel(8, "CountPE.output -> Seen.input", d4p.RoundRobin(runs=True))


@d4p.runs("Items")
def stage_1(stage):
    (pe_items,) = stage.take()
    to_count_pe = stage.to(channel_1)
    to_sum_pe2 = stage.to(channel_2)
    to_sum_pe3 = stage.to(channel_3)
    to_min_pe = stage.to(channel_4)
    to_max_pe = stage.to(channel_5)
    to_average_parallel_pe = stage.to(channel_6)
    to_listing = stage.to(channel_7)
    n_pe_items = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_pe_items(items):
        nonlocal n_pe_items
        for item in items:
            n_pe_items += 1
            at[0] = n_pe_items
            item = pe_items._process(item)
            if item is not None:
                pe_items_output(item)

    def pe_items_output(item):
        # 7 consumers: each gets an item of its own
        to_count_pe(stage.own(item))
        to_sum_pe2(stage.own(item))
        to_sum_pe3(stage.own(item))
        to_min_pe(stage.own(item))
        to_max_pe(stage.own(item))
        to_average_parallel_pe(stage.own(item))
        to_listing(item)

    stage.wire(pe_items, {"output": pe_items_output})
    return stage.ready({"Items": into_pe_items}, lambda: {"Items": n_pe_items})


@d4p.runs("CountPE")
def stage_2(stage):
    (count_pe,) = stage.take()
    to_seen = stage.to(channel_8)
    send_count_pe = stage.sender(count_pe)
    n_count_pe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_count_pe(items):
        nonlocal n_count_pe
        for item in items:
            n_count_pe += 1
            at[0] = n_count_pe
            result = count_pe._process({"input": item})
            if result is not None:
                send_count_pe(result)

    stage.wire(count_pe, {"output": to_seen})
    return stage.ready({channel_1: into_count_pe}, lambda: {"CountPE": n_count_pe})


@d4p.runs("SumPE2")
def stage_3(stage):
    (sum_pe2,) = stage.take()
    result_sum_pe2 = stage.result(sum_pe2, "output")
    send_sum_pe2 = stage.sender(sum_pe2)
    n_sum_pe2 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_sum_pe2(items):
        nonlocal n_sum_pe2
        for item in items:
            n_sum_pe2 += 1
            at[0] = n_sum_pe2
            result = sum_pe2._process({"input": item})
            if result is not None:
                send_sum_pe2(result)

    stage.wire(sum_pe2, {"output": result_sum_pe2})
    return stage.ready({channel_2: into_sum_pe2}, lambda: {"SumPE2": n_sum_pe2})


@d4p.runs("SumPE3")
def stage_4(stage):
    (sum_pe3,) = stage.take()
    result_sum_pe3 = stage.result(sum_pe3, "output")
    send_sum_pe3 = stage.sender(sum_pe3)
    n_sum_pe3 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_sum_pe3(items):
        nonlocal n_sum_pe3
        for item in items:
            n_sum_pe3 += 1
            at[0] = n_sum_pe3
            result = sum_pe3._process({"input": item})
            if result is not None:
                send_sum_pe3(result)

    stage.wire(sum_pe3, {"output": result_sum_pe3})
    return stage.ready({channel_3: into_sum_pe3}, lambda: {"SumPE3": n_sum_pe3})


@d4p.runs("MinPE")
def stage_5(stage):
    (min_pe,) = stage.take()
    result_min_pe = stage.result(min_pe, "output")
    send_min_pe = stage.sender(min_pe)
    n_min_pe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_min_pe(items):
        nonlocal n_min_pe
        for item in items:
            n_min_pe += 1
            at[0] = n_min_pe
            result = min_pe._process({"input": item})
            if result is not None:
                send_min_pe(result)

    stage.wire(min_pe, {"output": result_min_pe})
    return stage.ready({channel_4: into_min_pe}, lambda: {"MinPE": n_min_pe})


@d4p.runs("MaxPE")
def stage_6(stage):
    (max_pe,) = stage.take()
    result_max_pe = stage.result(max_pe, "output")
    send_max_pe = stage.sender(max_pe)
    n_max_pe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_max_pe(items):
        nonlocal n_max_pe
        for item in items:
            n_max_pe += 1
            at[0] = n_max_pe
            result = max_pe._process({"input": item})
            if result is not None:
                send_max_pe(result)

    stage.wire(max_pe, {"output": result_max_pe})
    return stage.ready({channel_5: into_max_pe}, lambda: {"MaxPE": n_max_pe})


@d4p.runs("AverageParallelPE")
def stage_7(stage):
    (average_parallel_pe,) = stage.take()
    result_average_parallel_pe = stage.result(average_parallel_pe, "output")
    send_average_parallel_pe = stage.sender(average_parallel_pe)
    n_average_parallel_pe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_average_parallel_pe(items):
        nonlocal n_average_parallel_pe
        for item in items:
            n_average_parallel_pe += 1
            at[0] = n_average_parallel_pe
            result = average_parallel_pe._process({"input": item})
            if result is not None:
                send_average_parallel_pe(result)

    stage.wire(average_parallel_pe, {"output": result_average_parallel_pe})
    return stage.ready({channel_6: into_average_parallel_pe}, lambda: {"AverageParallelPE": n_average_parallel_pe})


@d4p.runs("Seen")
def stage_8(stage):
    (seen,) = stage.take()
    result_seen = stage.result(seen, "output")
    n_seen = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_seen(items):
        nonlocal n_seen
        for item in items:
            n_seen += 1
            at[0] = n_seen
            item = [item, 'seen']  # Seen
            result_seen(item)

    stage.wire(seen, {"output": result_seen})
    stage.inline(into_seen, (seen, "[item, 'seen']"))
    return stage.ready({channel_8: into_seen}, lambda: {"Seen": n_seen})


@d4p.runs("Listing")
def stage_9(stage):
    (listing,) = stage.take()
    result_listing = stage.result(listing, "output")
    n_listing = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_listing(items):
        nonlocal n_listing
        for item in items:
            n_listing += 1
            at[0] = n_listing
            item = listing._process(item)
            if item is not None:
                result_listing(item)

    stage.wire(listing, {"output": result_listing})
    return stage.ready({channel_7: into_listing}, lambda: {"Listing": n_listing})
