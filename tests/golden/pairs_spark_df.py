"""pairs for Spark DataFrames: 5 PEs in 2 stages, 1 exchange.

stage 1 x1  Items
            Items.output -> AllPairs.input  pairs ['id']
stage 2 xT  AllPairs > InTiles > Joined > Same
            Joined.output                   result
            Same.output                     result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_df  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("pairs:batches", fingerprint="42a640dff008cc11", parameters={})

# the channels and stages of pairs_stages.py


def main(spark, run):
    """One partition is one instance; rows are batches of items, shuffled by the instance that they go to."""
    # stage 1 x1: Items
    arriving = run.instances(1)
    out_1 = arriving.mapInArrow(run.task(stage_1, 1, to={channel_1: run.tiles}), spark_df.BATCHES)
    # by a broadcast where the items are few and that moves less, else by tiles as keys: the run says which
    into_2 = run.pairs(out_1, run.tiles, [channel_1])
    # stage 2 xT: AllPairs > InTiles > Joined > Same
    out_2 = into_2.mapInArrow(run.task(stage_2, run.tiles), spark_df.BATCHES)
    run.finish(out_2)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_df.ENGINE)
