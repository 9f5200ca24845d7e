"""tour for one process: 23 PEs in 8 stages, 8 exchanges.

stage 1 x1  numbers > parity > extremes > least > greatest > square > add > chain_total > branch0
            > branch00 > leaf000 > leaf001 > branch01 > leaf010 > leaf011 > leaves
            parity.even -> halve.input         round robin of runs
            parity.odd -> triple.input         round robin of runs
            numbers.output -> residue.input    round robin of runs
            numbers.output -> multiples.input  broadcast
            least.output                       result
            greatest.output                    result
            chain_total.output                 result
            leaves.output                      result
stage 2 x2  halve
            halve.output -> digit.input        gather
stage 3 x3  triple
            triple.output -> digit.input       gather
stage 4 x1  digit
            digit.output -> by_digit.item      hash [0]
stage 5 x4  by_digit
            by_digit.count                     result
stage 6 x2  residue
            residue.output -> by_residue.item  hash ['residue']
stage 7 x3  by_residue
            by_residue.count                   result
stage 8 x3  multiples
            multiples.output                   result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import sequential  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("tour:graph", fingerprint="21f55acd77edb9f2")

# the channels and stages of tour_stages_sequential.py


def main(run):
    """Every item is driven to the sinks before the next."""
    # stage 1 x1: numbers > parity > extremes > ... > leaves (16 PEs)
    run.stage(
        stage_1,
        instances=1,
        sends=[channel_1, channel_2, channel_3, channel_4],
        state=["least", "greatest", "chain_total", "leaves"],
    )
    # stage 2 x2: halve
    run.stage(stage_2, instances=2, takes=[channel_1], sends=[channel_5])
    # stage 3 x3: triple
    run.stage(stage_3, instances=3, takes=[channel_2], sends=[channel_6])
    # stage 4 x1: digit
    run.stage(stage_4, instances=1, takes=[channel_5, channel_6], sends=[channel_7])
    # stage 5 x4: by_digit
    run.stage(stage_5, instances=4, takes=[channel_7], state=["by_digit"])
    # stage 6 x2: residue
    run.stage(stage_6, instances=2, takes=[channel_3], sends=[channel_8])
    # stage 7 x3: by_residue
    run.stage(stage_7, instances=3, takes=[channel_8], state=["by_residue"])
    # stage 8 x3: multiples
    run.stage(stage_8, instances=3, takes=[channel_4], state=["multiples"])


if __name__ == "__main__":
    d4p.start(main, workflow, sequential.ENGINE)
