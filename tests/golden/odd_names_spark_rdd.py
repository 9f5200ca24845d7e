"""semantics for Spark RDDs: 4 PEs in 3 stages, 2 exchanges.

stage 1 x1  item
            item.output -> class.a b     round robin of runs
stage 2 x1  Numbers
            Numbers.output -> class.c-d  round robin of runs
stage 3 xW  class > 2nd PE!
            2nd PE!.x y                  result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:odd_names", fingerprint="b8300eefc20f7b45", parameters={})

# the channels and stages of odd_names_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: item
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to={channel_1: run.width}))
    # stage 2 x1: Numbers
    with run.named(stage_2):
        arriving = sc.parallelize(range(1), 1)
        out_2 = arriving.mapPartitionsWithIndex(run.task(stage_2, 1, to={channel_2: run.width}))
    with run.named(stage_1, stage_2, to=stage_3):
        into_3 = spark_rdd.shuffle([out_1, out_2], run.width, ordered=False)  # channel_1, channel_2
    # stage 3 xW: class > 2nd PE!
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, run.width))
        run.finish(out_3)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
