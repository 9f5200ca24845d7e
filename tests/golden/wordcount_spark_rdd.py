"""wordcount for Spark RDDs: 4 PEs in 3 stages, 2 exchanges.

stage 1 xW  read > split
            split.word -> count.word  hash [0]
stage 2 xW  count
            count.count -> top.input  gather
stage 3 x1  top
            top.output                result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("wordcount:graph", fingerprint="6347767e96fa0e7f")

# the channels and stages of wordcount_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 xW: read > split
    with run.named(stage_1):
        arriving = run.read("read", run.width)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, run.width, to={channel_1: run.width}, root="read"))
        into_2 = spark_rdd.shuffle([out_1], run.width, ordered=True)  # channel_1
    # stage 2 xW: count
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, run.width, to={channel_2: 1}))
        into_3 = spark_rdd.shuffle([out_2], 1, ordered=True)  # channel_2
    # stage 3 x1: top
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 1))
        run.finish(out_3)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
