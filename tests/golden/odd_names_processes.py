"""semantics for processes: 4 PEs in 3 stages, 2 exchanges.

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
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("semantics:odd_names", fingerprint="b8300eefc20f7b45", parameters={})

# the channels and stages of odd_names_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 x1: item
    run.stage(stage_1, instances=1, sends=[channel_1])
    # stage 2 x1: Numbers
    run.stage(stage_2, instances=1, sends=[channel_2])
    # stage 3 xW: class > 2nd PE!
    run.stage(stage_3, instances=run.width, takes=[channel_1, channel_2])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
