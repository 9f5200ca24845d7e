"""cycles for one process: 4 PEs in 1 stage, 1 exchange, 1 of them back.

stage 1 x1  Numbers > Start > Test > Collatz
            Collatz.output -> Test.stepped  forward, leads back
            Test.done                       result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("cycles:collatz", fingerprint="8582221f16eeed52", parameters={})

# the channels and stages of collatz_stages_sequential.py


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: Numbers > Start > Test > Collatz
    run.stage(stage_1, instances=1, takes=[channel_1], sends=[channel_1])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.ENGINE)
