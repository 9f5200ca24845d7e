"""pairs for Spark RDDs: 5 PEs in 2 stages, 1 exchange.

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
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("pairs:batches", fingerprint="42a640dff008cc11", parameters={})

# the channels and stages of pairs_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: Items
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to={channel_1: run.tiles}))
        # by a broadcast where the items are few and that moves less, else by tiles as keys: the run says which
        into_2 = run.pairs([out_1], run.tiles, [channel_1])
    # stage 2 xT: AllPairs > InTiles > Joined > Same
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, run.tiles))
        run.finish(out_2)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
