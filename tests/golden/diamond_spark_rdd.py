"""semantics for Spark RDDs: 4 PEs in 4 stages, 4 exchanges.

stage 1 x1  Numbers
            Numbers.output -> Plus1.input  round robin of runs
            Numbers.output -> Plus2.input  round robin of runs
stage 2 xW  Plus1
            Plus1.output -> Listing.l      gather, in order
stage 3 xW  Plus2
            Plus2.output -> Listing.r      gather, in order
stage 4 x1  Listing
            Listing.output                 result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:diamond", fingerprint="d667682fa693b57e", parameters={})

# the channels and stages of diamond_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: Numbers
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to={channel_1: run.width, channel_2: run.width}))
        out_1 = run.once(out_1)  # 2 uses: computed once
        into_2 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_1)], run.width, ordered=True)
        into_3 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_2)], run.width, ordered=True)
    # stage 2 xW: Plus1
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, run.width, to={channel_3: 1}))
    # stage 3 xW: Plus2
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, run.width, to={channel_4: 1}))
    with run.named(stage_2, stage_3, to=stage_4):
        into_4 = spark_rdd.shuffle([out_2, out_3], 1, ordered=True)  # channel_3, channel_4
    # stage 4 x1: Listing
    with run.named(stage_4):
        out_4 = into_4.mapPartitionsWithIndex(run.task(stage_4, 1))
        run.finish(out_4)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
