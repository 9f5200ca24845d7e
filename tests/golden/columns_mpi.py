"""columns for MPI: 9 PEs in 9 stages, 8 exchanges.

stage 1 x1  Items
            Items.output -> CountPE.input            round robin
            Items.output -> MinPE.input              round robin
            Items.output -> AverageParallelPE.input  round robin
            Items.output -> SumPE2.input             hash [0]
            Items.output -> SumPE3.input             broadcast
            Items.output -> MaxPE.input              broadcast
            Items.output -> Listing.input            broadcast
stage 2 x3  CountPE
            CountPE.output -> Seen.input             round robin
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
stage 8 xW  Seen
            Seen.output                              result
stage 9 x2  Listing
            Listing.output                           result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import mpi  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("columns:all_kinds", fingerprint="f24e7ec44eb98738", parameters={})


@d4p.titled("Items")
def stage_1(stage):
    (pe_items,) = stage.take("Items")
    to_countpe = stage.to(1, "Items.output -> CountPE.input", "round robin")
    to_sumpe2 = stage.to(2, "Items.output -> SumPE2.input", "hash", [0])
    to_sumpe3 = stage.to(3, "Items.output -> SumPE3.input", "broadcast")
    to_minpe = stage.to(4, "Items.output -> MinPE.input", "round robin")
    to_maxpe = stage.to(5, "Items.output -> MaxPE.input", "broadcast")
    to_average_parallelpe = stage.to(6, "Items.output -> AverageParallelPE.input", "round robin")
    to_listing = stage.to(7, "Items.output -> Listing.input", "broadcast")
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
        to_countpe(stage.own(item))
        to_sumpe2(stage.own(item))
        to_sumpe3(stage.own(item))
        to_minpe(stage.own(item))
        to_maxpe(stage.own(item))
        to_average_parallelpe(stage.own(item))
        to_listing(item)

    stage.wire(pe_items, {"output": pe_items_output})
    return stage.ready({"Items": into_pe_items}, lambda: {"Items": n_pe_items})


@d4p.titled("CountPE")
def stage_2(stage):
    (countpe,) = stage.take("CountPE")
    to_seen = stage.to(8, "CountPE.output -> Seen.input", "round robin")
    send_countpe = stage.sender(countpe)
    n_countpe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_countpe(items):
        nonlocal n_countpe
        for item in items:
            n_countpe += 1
            at[0] = n_countpe
            result = countpe._process({"input": item})
            if result is not None:
                send_countpe(result)

    stage.wire(countpe, {"output": to_seen})
    return stage.ready({1: into_countpe}, lambda: {"CountPE": n_countpe})


@d4p.titled("SumPE2")
def stage_3(stage):
    (sumpe2,) = stage.take("SumPE2")
    result_sumpe2 = stage.result(sumpe2, "output")
    send_sumpe2 = stage.sender(sumpe2)
    n_sumpe2 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_sumpe2(items):
        nonlocal n_sumpe2
        for item in items:
            n_sumpe2 += 1
            at[0] = n_sumpe2
            result = sumpe2._process({"input": item})
            if result is not None:
                send_sumpe2(result)

    stage.wire(sumpe2, {"output": result_sumpe2})
    return stage.ready({2: into_sumpe2}, lambda: {"SumPE2": n_sumpe2})


@d4p.titled("SumPE3")
def stage_4(stage):
    (sumpe3,) = stage.take("SumPE3")
    result_sumpe3 = stage.result(sumpe3, "output")
    send_sumpe3 = stage.sender(sumpe3)
    n_sumpe3 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_sumpe3(items):
        nonlocal n_sumpe3
        for item in items:
            n_sumpe3 += 1
            at[0] = n_sumpe3
            result = sumpe3._process({"input": item})
            if result is not None:
                send_sumpe3(result)

    stage.wire(sumpe3, {"output": result_sumpe3})
    return stage.ready({3: into_sumpe3}, lambda: {"SumPE3": n_sumpe3})


@d4p.titled("MinPE")
def stage_5(stage):
    (minpe,) = stage.take("MinPE")
    result_minpe = stage.result(minpe, "output")
    send_minpe = stage.sender(minpe)
    n_minpe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_minpe(items):
        nonlocal n_minpe
        for item in items:
            n_minpe += 1
            at[0] = n_minpe
            result = minpe._process({"input": item})
            if result is not None:
                send_minpe(result)

    stage.wire(minpe, {"output": result_minpe})
    return stage.ready({4: into_minpe}, lambda: {"MinPE": n_minpe})


@d4p.titled("MaxPE")
def stage_6(stage):
    (maxpe,) = stage.take("MaxPE")
    result_maxpe = stage.result(maxpe, "output")
    send_maxpe = stage.sender(maxpe)
    n_maxpe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_maxpe(items):
        nonlocal n_maxpe
        for item in items:
            n_maxpe += 1
            at[0] = n_maxpe
            result = maxpe._process({"input": item})
            if result is not None:
                send_maxpe(result)

    stage.wire(maxpe, {"output": result_maxpe})
    return stage.ready({5: into_maxpe}, lambda: {"MaxPE": n_maxpe})


@d4p.titled("AverageParallelPE")
def stage_7(stage):
    (average_parallelpe,) = stage.take("AverageParallelPE")
    result_average_parallelpe = stage.result(average_parallelpe, "output")
    send_average_parallelpe = stage.sender(average_parallelpe)
    n_average_parallelpe = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_average_parallelpe(items):
        nonlocal n_average_parallelpe
        for item in items:
            n_average_parallelpe += 1
            at[0] = n_average_parallelpe
            result = average_parallelpe._process({"input": item})
            if result is not None:
                send_average_parallelpe(result)

    stage.wire(average_parallelpe, {"output": result_average_parallelpe})
    return stage.ready({6: into_average_parallelpe}, lambda: {"AverageParallelPE": n_average_parallelpe})


@d4p.titled("Seen")
def stage_8(stage):
    (seen,) = stage.take("Seen")
    result_seen = stage.result(seen, "output")
    n_seen = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_seen(items):
        nonlocal n_seen
        for item in items:
            n_seen += 1
            at[0] = n_seen
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
    return stage.ready({7: into_listing}, lambda: {"Listing": n_listing})


def main(run):
    """Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."""
    # stage 1 x1: Items
    run.stage(stage_1, instances=1, to={1: 3, 2: 3, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2})
    # channel 1: Items.output -> CountPE.input, round robin:
    #   items take turns over the instances of CountPE
    # stage 2 x3: CountPE
    run.stage(stage_2, instances=3, to={8: run.width}, inputs=[1])
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
    # channel 8: CountPE.output -> Seen.input, round robin:
    #   items take turns over the instances of Seen
    # stage 8 xW: Seen
    run.stage(stage_8, instances=run.width, inputs=[8])
    # channel 7: Items.output -> Listing.input, broadcast:
    #   every instance of Listing gets every item
    # stage 9 x2: Listing
    run.stage(stage_9, instances=2, inputs=[7])


if __name__ == "__main__":
    d4p.start(main, workflow, mpi.execute)
