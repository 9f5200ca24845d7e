"""pairs for processes: 5 PEs in 2 stages, 1 exchange.

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
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("pairs:batches", fingerprint="42a640dff008cc11", parameters={})

# the channels and stages of pairs_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 x1: Items
    run.stage(stage_1, instances=1, sends=[channel_1])
    # stage 2 xT: AllPairs > InTiles > Joined > Same
    run.stage(stage_2, instances=run.tiles, takes=[channel_1], state=["AllPairs"])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
