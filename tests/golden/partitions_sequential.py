"""semantics for one process: 3 PEs in 3 stages, 2 exchanges.

stage 1 x1  Pairs
            Pairs.output -> First.input    round robin of runs
stage 2 x3  First
            First.output -> Listing.input  hash [0]
stage 3 x3  Listing
            Listing.output                 result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:partitions", fingerprint="5aac5568dbd10e25", parameters={})

# the channels and stages of partitions_stages_sequential.py


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: Pairs
    run.stage(stage_1, instances=1, sends=[channel_1])
    # stage 2 x3: First
    run.stage(stage_2, instances=3, takes=[channel_1], sends=[channel_2])
    # stage 3 x3: Listing
    run.stage(stage_3, instances=3, takes=[channel_2], state=["Listing"])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.ENGINE)
