"""columns for MPI: 9 PEs in 9 stages, 8 exchanges.

stage 1 x1  Items
            Items.output -> CountPE.input            round robin
            Items.output -> MinPE.input              round robin
            Items.output -> AverageParallelPE.input  round robin
            Items.output -> SumPE2.input             hash [0]
            Items.output -> SumPE3.input             broadcast
            Items.output -> MaxPE.input              broadcast
            Items.output -> Listing.input            broadcast
stage 2 x3  CountPE
            CountPE.output -> Seen.input             round robin of runs
stage 3 x3  SumPE2
            SumPE2.output                            result
stage 4 x2  SumPE3
            SumPE3.output                            result
stage 5 x2  MinPE
            MinPE.output                             result
stage 6 x2  MaxPE
            MaxPE.output                             result
stage 7 x2  AverageParallelPE
            AverageParallelPE.output                 result
stage 8 xW  Seen
            Seen.output                              result
stage 9 x2  Listing
            Listing.output                           result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import mpi  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("columns:all_kinds", fingerprint="f24e7ec44eb98738", parameters={})

# the channels and stages of columns_stages.py


def main(run):
    """Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."""
    # stage 1 x1: Items
    run.stage(
        stage_1,
        instances=1,
        sends=[channel_1, channel_2, channel_3, channel_4, channel_5, channel_6, channel_7],
    )
    # stage 2 x3: CountPE
    run.stage(stage_2, instances=3, takes=[channel_1], sends=[channel_8], state=["CountPE"])
    # stage 3 x3: SumPE2
    run.stage(stage_3, instances=3, takes=[channel_2], state=["SumPE2"])
    # stage 4 x2: SumPE3
    run.stage(stage_4, instances=2, takes=[channel_3], state=["SumPE3"])
    # stage 5 x2: MinPE
    run.stage(stage_5, instances=2, takes=[channel_4], state=["MinPE"])
    # stage 6 x2: MaxPE
    run.stage(stage_6, instances=2, takes=[channel_5], state=["MaxPE"])
    # stage 7 x2: AverageParallelPE
    run.stage(stage_7, instances=2, takes=[channel_6], state=["AverageParallelPE"])
    # stage 8 xW: Seen
    run.stage(stage_8, instances=run.width, takes=[channel_8])
    # stage 9 x2: Listing
    run.stage(stage_9, instances=2, takes=[channel_7], state=["Listing"])


if __name__ == "__main__":
    d4p.start(main, workflow, mpi.ENGINE)
