"""semantics for processes: 4 PEs in 4 stages, 4 exchanges.

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
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:diamond", fingerprint="d667682fa693b57e", parameters={})

# the channels and stages of diamond_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 x1: Numbers
    run.stage(stage_1, instances=1, sends=[channel_1, channel_2])
    # stage 2 xW: Plus1
    run.stage(stage_2, instances=run.width, takes=[channel_1], sends=[channel_3])
    # stage 3 xW: Plus2
    run.stage(stage_3, instances=run.width, takes=[channel_2], sends=[channel_4])
    # stage 4 x1: Listing
    run.stage(stage_4, instances=1, takes=[channel_3, channel_4], state=["Listing"])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
