"""semantics for Spark RDDs: 4 PEs in 1 stage, no exchange.

stage 1 x1  Numbers > Plus1 > Plus2 > Listing
            Listing.output  result
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
    # stage 1 x1: Numbers > Plus1 > Plus2 > Listing
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1))
        run.finish(out_1)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
