"""columns for Spark RDDs: 9 PEs in 9 stages, 8 exchanges.

stage 1 x1  Items
            Items.output -> CountPE.input            round robin
            Items.output -> MinPE.input              round robin
            Items.output -> AverageParallelPE.input  round robin
            Items.output -> SumPE2.input             hash [0]
            Items.output -> SumPE3.input             broadcast
            Items.output -> MaxPE.input              broadcast
            Items.output -> Listing.input            broadcast
stage 2 x3  CountPE
            CountPE.output -> Seen.input             round robin of runs
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
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("columns:all_kinds", fingerprint="f24e7ec44eb98738", parameters={})

# the channels and stages of columns_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: Items
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        sends = {
            channel_1: 3,
            channel_2: 3,
            channel_3: 2,
            channel_4: 2,
            channel_5: 2,
            channel_6: 2,
            channel_7: 2,
        }
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to=sends))
        out_1 = run.once(out_1)  # 7 uses: computed once
        into_2 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_1)], 3, ordered=True)
        into_3 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_2)], 3, ordered=True)
        into_4 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_3)], 2, ordered=True)
        into_5 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_4)], 2, ordered=True)
        into_6 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_5)], 2, ordered=True)
        into_7 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_6)], 2, ordered=True)
        into_9 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_7)], 2, ordered=True)
    # stage 2 x3: CountPE
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, 3, to={channel_8: run.width}))
        into_8 = spark_rdd.shuffle([out_2], run.width, ordered=False)  # channel_8
    # stage 3 x3: SumPE2
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 3))
    # stage 4 x2: SumPE3
    with run.named(stage_4):
        out_4 = into_4.mapPartitionsWithIndex(run.task(stage_4, 2))
    # stage 5 x2: MinPE
    with run.named(stage_5):
        out_5 = into_5.mapPartitionsWithIndex(run.task(stage_5, 2))
    # stage 6 x2: MaxPE
    with run.named(stage_6):
        out_6 = into_6.mapPartitionsWithIndex(run.task(stage_6, 2))
    # stage 7 x2: AverageParallelPE
    with run.named(stage_7):
        out_7 = into_7.mapPartitionsWithIndex(run.task(stage_7, 2))
    # stage 8 xW: Seen
    with run.named(stage_8):
        out_8 = into_8.mapPartitionsWithIndex(run.task(stage_8, run.width))
    # stage 9 x2: Listing
    with run.named(stage_9):
        out_9 = into_9.mapPartitionsWithIndex(run.task(stage_9, 2))
    with run.named(stage_3, stage_4, stage_5, stage_6, stage_7, stage_8, stage_9, to="results"):
        run.finish(out_3, out_4, out_5, out_6, out_7, out_8, out_9)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
