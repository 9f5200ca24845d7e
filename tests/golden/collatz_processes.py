"""cycles for processes: 4 PEs in 2 stages, 2 exchanges, 1 of them back.

stage 1 x1  Numbers
            Numbers.output -> Start.input   round robin of runs
stage 2 xW  Start > Test > Collatz
            Collatz.output -> Test.stepped  forward, leads back
            Test.done                       result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("cycles:collatz", fingerprint="8582221f16eeed52", parameters={})

# the channels and stages of collatz_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 x1: Numbers
    run.stage(stage_1, instances=1, sends=[channel_1])
    # stage 2 xW: Start > Test > Collatz
    run.stage(stage_2, instances=run.width, takes=[channel_1, channel_2], sends=[channel_2])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
