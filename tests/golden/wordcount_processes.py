"""wordcount for processes: 4 PEs in 3 stages, 2 exchanges.

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
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("wordcount:graph", fingerprint="6347767e96fa0e7f")

# the channels and stages of wordcount_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 xW: read > split
    run.stage(stage_1, instances=run.width, sends=[channel_1])
    # stage 2 xW: count
    run.stage(stage_2, instances=run.width, takes=[channel_1], sends=[channel_2], state=["count"])
    # stage 3 x1: top
    run.stage(stage_3, instances=1, takes=[channel_2], state=["top"])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
