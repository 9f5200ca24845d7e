"""semantics for Spark RDDs: 3 PEs in 3 stages, 2 exchanges.

stage 1 x1  Pairs
            Pairs.output -> First.input    round robin of runs
stage 2 x3  First
            First.output -> Listing.input  hash [0], in order
stage 3 x3  Listing
            Listing.output                 result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:partitions", fingerprint="5aac5568dbd10e25", parameters={})

# the channels and stages of partitions_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: Pairs
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to={channel_1: 3}))
        into_2 = spark_rdd.shuffle([out_1], 3, ordered=True)  # channel_1
    # stage 2 x3: First
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, 3, to={channel_2: 3}))
        into_3 = spark_rdd.shuffle([out_2], 3, ordered=True)  # channel_2
    # stage 3 x3: Listing
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 3))
        run.finish(out_3)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
