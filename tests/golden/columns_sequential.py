"""columns for one process: 9 PEs in 9 stages, 8 exchanges.

stage 1 x1  Items
            Items.output -> CountPE.input            round robin
            Items.output -> MinPE.input              round robin
            Items.output -> AverageParallelPE.input  round robin
            Items.output -> SumPE2.input             hash [0]
            Items.output -> SumPE3.input             broadcast
            Items.output -> MaxPE.input              broadcast
            Items.output -> Listing.input            broadcast
stage 2 x3  CountPE
            CountPE.output -> Seen.input             gather
stage 3 x3  SumPE2
            SumPE2.output                            result
stage 4 x2  SumPE3
            SumPE3.output                            result
stage 5 x2  MinPE
            MinPE.output                             result
stage 6 x2  MaxPE
            MaxPE.output                             result
stage 7 x2  AverageParallelPE
            AverageParallelPE.output                 result
stage 8 x1  Seen
            Seen.output                              result
stage 9 x2  Listing
            Listing.output                           result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("columns:all_kinds", fingerprint="f24e7ec44eb98738", parameters={})


@d4p.titled("Items")
def stage_1(stage):
    (pe_items,) = stage.take("Items")
    to_count_pe = stage.to(1, "Items.output -> CountPE.input", "round robin")
    to_sum_pe2 = stage.to(2, "Items.output -> SumPE2.input", "hash", [0])
    to_sum_pe3 = stage.to(3, "Items.output -> SumPE3.input", "broadcast")
    to_min_pe = stage.to(4, "Items.output -> MinPE.input", "round robin")
    to_max_pe = stage.to(5, "Items.output -> MaxPE.input", "broadcast")
    to_average_parallel_pe = stage.to(6, "Items.output -> AverageParallelPE.input", "round robin")
    to_listing = stage.to(7, "Items.output -> Listing.input", "broadcast")
    n_pe_items = 0

    def into_pe_items(items):
        nonlocal n_pe_items
        for item in items:
            n_pe_items += 1
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


@d4p.titled("CountPE")
def stage_2(stage):
    (count_pe,) = stage.take("CountPE")
    to_seen = stage.to(8, "CountPE.output -> Seen.input", "gather")
    send_count_pe = stage.sender(count_pe)
    n_count_pe = 0

    def into_count_pe(items):
        nonlocal n_count_pe
        for item in items:
            n_count_pe += 1
            result = count_pe._process({"input": item})
            if result is not None:
                send_count_pe(result)

    stage.wire(count_pe, {"output": to_seen})
    return stage.ready({1: into_count_pe}, lambda: {"CountPE": n_count_pe})


@d4p.titled("SumPE2")
def stage_3(stage):
    (sum_pe2,) = stage.take("SumPE2")
    result_sum_pe2 = stage.result(sum_pe2, "output")
    send_sum_pe2 = stage.sender(sum_pe2)
    n_sum_pe2 = 0

    def into_sum_pe2(items):
        nonlocal n_sum_pe2
        for item in items:
            n_sum_pe2 += 1
            result = sum_pe2._process({"input": item})
            if result is not None:
                send_sum_pe2(result)

    stage.wire(sum_pe2, {"output": result_sum_pe2})
    return stage.ready({2: into_sum_pe2}, lambda: {"SumPE2": n_sum_pe2})


@d4p.titled("SumPE3")
def stage_4(stage):
    (sum_pe3,) = stage.take("SumPE3")
    result_sum_pe3 = stage.result(sum_pe3, "output")
    send_sum_pe3 = stage.sender(sum_pe3)
    n_sum_pe3 = 0

    def into_sum_pe3(items):
        nonlocal n_sum_pe3
        for item in items:
            n_sum_pe3 += 1
            result = sum_pe3._process({"input": item})
            if result is not None:
                send_sum_pe3(result)

    stage.wire(sum_pe3, {"output": result_sum_pe3})
    return stage.ready({3: into_sum_pe3}, lambda: {"SumPE3": n_sum_pe3})


@d4p.titled("MinPE")
def stage_5(stage):
    (min_pe,) = stage.take("MinPE")
    result_min_pe = stage.result(min_pe, "output")
    send_min_pe = stage.sender(min_pe)
    n_min_pe = 0

    def into_min_pe(items):
        nonlocal n_min_pe
        for item in items:
            n_min_pe += 1
            result = min_pe._process({"input": item})
            if result is not None:
                send_min_pe(result)

    stage.wire(min_pe, {"output": result_min_pe})
    return stage.ready({4: into_min_pe}, lambda: {"MinPE": n_min_pe})


@d4p.titled("MaxPE")
def stage_6(stage):
    (max_pe,) = stage.take("MaxPE")
    result_max_pe = stage.result(max_pe, "output")
    send_max_pe = stage.sender(max_pe)
    n_max_pe = 0

    def into_max_pe(items):
        nonlocal n_max_pe
        for item in items:
            n_max_pe += 1
            result = max_pe._process({"input": item})
            if result is not None:
                send_max_pe(result)

    stage.wire(max_pe, {"output": result_max_pe})
    return stage.ready({5: into_max_pe}, lambda: {"MaxPE": n_max_pe})


@d4p.titled("AverageParallelPE")
def stage_7(stage):
    (average_parallel_pe,) = stage.take("AverageParallelPE")
    result_average_parallel_pe = stage.result(average_parallel_pe, "output")
    send_average_parallel_pe = stage.sender(average_parallel_pe)
    n_average_parallel_pe = 0

    def into_average_parallel_pe(items):
        nonlocal n_average_parallel_pe
        for item in items:
            n_average_parallel_pe += 1
            result = average_parallel_pe._process({"input": item})
            if result is not None:
                send_average_parallel_pe(result)

    stage.wire(average_parallel_pe, {"output": result_average_parallel_pe})
    return stage.ready({6: into_average_parallel_pe}, lambda: {"AverageParallelPE": n_average_parallel_pe})


@d4p.titled("Seen")
def stage_8(stage):
    (seen,) = stage.take("Seen")
    result_seen = stage.result(seen, "output")
    n_seen = 0

    def into_seen(items):
        nonlocal n_seen
        for item in items:
            n_seen += 1
            item = [item, 'seen']  # Seen
            if item is not None:
                result_seen(item)

    stage.wire(seen, {"output": result_seen})
    stage.inline(into_seen, (seen, "[item, 'seen']"))
    return stage.ready({8: into_seen}, lambda: {"Seen": n_seen})


@d4p.titled("Listing")
def stage_9(stage):
    (listing,) = stage.take("Listing")
    result_listing = stage.result(listing, "output")
    n_listing = 0

    def into_listing(items):
        nonlocal n_listing
        for item in items:
            n_listing += 1
            item = listing._process(item)
            if item is not None:
                result_listing(item)

    stage.wire(listing, {"output": result_listing})
    return stage.ready({7: into_listing}, lambda: {"Listing": n_listing})


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: Items
    run.stage(stage_1, instances=1, to={1: 3, 2: 3, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2})
    # channel 1: Items.output -> CountPE.input, round robin:
    #   items take turns over the instances of CountPE
    # stage 2 x3: CountPE
    run.stage(stage_2, instances=3, to={8: 1}, inputs=[1])
    # channel 2: Items.output -> SumPE2.input, hash [0]:
    #   items whose [0] are equal meet in one instance of SumPE2
    # stage 3 x3: SumPE2
    run.stage(stage_3, instances=3, inputs=[2])
    # channel 3: Items.output -> SumPE3.input, broadcast:
    #   every instance of SumPE3 gets every item
    # stage 4 x2: SumPE3
    run.stage(stage_4, instances=2, inputs=[3])
    # channel 4: Items.output -> MinPE.input, round robin:
    #   items take turns over the instances of MinPE
    # stage 5 x2: MinPE
    run.stage(stage_5, instances=2, inputs=[4])
    # channel 5: Items.output -> MaxPE.input, broadcast:
    #   every instance of MaxPE gets every item
    # stage 6 x2: MaxPE
    run.stage(stage_6, instances=2, inputs=[5])
    # channel 6: Items.output -> AverageParallelPE.input, round robin:
    #   items take turns over the instances of AverageParallelPE
    # stage 7 x2: AverageParallelPE
    run.stage(stage_7, instances=2, inputs=[6])
    # channel 8: CountPE.output -> Seen.input, gather:
    #   one instance of Seen gets every item
    # stage 8 x1: Seen
    run.stage(stage_8, instances=1, inputs=[8])
    # channel 7: Items.output -> Listing.input, broadcast:
    #   every instance of Listing gets every item
    # stage 9 x2: Listing
    run.stage(stage_9, instances=2, inputs=[7])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.execute)
