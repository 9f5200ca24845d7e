"""semantics for Spark DataFrames: 4 PEs in 3 stages, 2 exchanges.

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
from d4p.engines import spark_df  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:odd_names", fingerprint="b8300eefc20f7b45", parameters={})

# the channels and stages of odd_names_stages.py


def main(spark, run):
    """One partition is one instance; rows are batches of items, shuffled by the instance that they go to."""
    # stage 1 x1: item
    arriving = run.instances(1)
    out_1 = arriving.mapInArrow(run.task(stage_1, 1, to={channel_1: run.width}), spark_df.BATCHES)
    # stage 2 x1: Numbers
    arriving = run.instances(1)
    out_2 = arriving.mapInArrow(run.task(stage_2, 1, to={channel_2: run.width}), spark_df.BATCHES)
    # channel_1, channel_2
    into_3 = spark_df.shuffle(run.union([out_1, out_2], instances=[1, 1]), run.width, ordered=False)
    # stage 3 xW: class > 2nd PE!
    out_3 = into_3.mapInArrow(run.task(stage_3, run.width), spark_df.BATCHES)
    run.finish(out_3)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_df.ENGINE)
