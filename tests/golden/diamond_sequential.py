"""semantics for one process: 4 PEs in 1 stage, no exchange.

stage 1 x1  Numbers > Plus1 > Plus2 > Listing
            Listing.output  result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:diamond", fingerprint="d667682fa693b57e", parameters={})


# the channels and stages of diamond_stages_sequential.py


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: Numbers > Plus1 > Plus2 > Listing
    run.stage(stage_1, instances=1, state=["Listing"])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.ENGINE)
