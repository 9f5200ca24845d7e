"""tour for processes: 23 PEs in 16 stages, 19 exchanges.

stage  1 x1  numbers
             numbers.output -> parity.number    round robin of runs
             numbers.output -> residue.input    round robin of runs
             numbers.output -> extremes.input   round robin of runs
             numbers.output -> square.input     round robin of runs
             numbers.output -> branch0.number   round robin of runs
             numbers.output -> multiples.input  broadcast
stage  2 xW  parity
             parity.even -> halve.input         round robin of runs
             parity.odd -> triple.input         round robin of runs
stage  3 x2  halve
             halve.output -> digit.input        round robin of runs
stage  4 x3  triple
             triple.output -> digit.input       round robin of runs
stage  5 xW  digit
             digit.output -> by_digit.item      hash [0], in order
stage  6 x4  by_digit
             by_digit.count                     result
stage  7 x2  residue
             residue.output -> by_residue.item  hash ['residue'], in order
stage  8 x3  by_residue
             by_residue.count                   result
stage  9 x3  multiples
             multiples.output                   result
stage 10 xW  extremes
             extremes.output -> least.input     gather, in order
             extremes.output -> greatest.input  gather, in order
stage 11 x1  least
             least.output                       result
stage 12 x1  greatest
             greatest.output                    result
stage 13 xW  square > add
             add.output -> chain_total.input    gather, in order
stage 14 x1  chain_total
             chain_total.output                 result
stage 15 xW  branch0 > branch00 > leaf000 > leaf001 > branch01 > leaf010 > leaf011
             leaf000.output -> leaves.input     gather, in order
             leaf001.output -> leaves.input     gather, in order
             leaf010.output -> leaves.input     gather, in order
             leaf011.output -> leaves.input     gather, in order
stage 16 x1  leaves
             leaves.output                      result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import processes  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("tour:graph", fingerprint="21f55acd77edb9f2")

# the channels and stages of tour_stages.py


def main(run):
    """Each instance runs in a process of its own; bounded pipes join them."""
    # stage 1 x1: numbers
    run.stage(stage_1, instances=1, sends=[channel_1, channel_2, channel_3, channel_4, channel_5, channel_6])
    # stage 2 xW: parity
    run.stage(stage_2, instances=run.width, takes=[channel_1], sends=[channel_7, channel_8])
    # stage 3 x2: halve
    run.stage(stage_3, instances=2, takes=[channel_7], sends=[channel_9])
    # stage 4 x3: triple
    run.stage(stage_4, instances=3, takes=[channel_8], sends=[channel_10])
    # stage 5 xW: digit
    run.stage(stage_5, instances=run.width, takes=[channel_9, channel_10], sends=[channel_11])
    # stage 6 x4: by_digit
    run.stage(stage_6, instances=4, takes=[channel_11], state=["by_digit"])
    # stage 7 x2: residue
    run.stage(stage_7, instances=2, takes=[channel_2], sends=[channel_12])
    # stage 8 x3: by_residue
    run.stage(stage_8, instances=3, takes=[channel_12], state=["by_residue"])
    # stage 9 x3: multiples
    run.stage(stage_9, instances=3, takes=[channel_3], state=["multiples"])
    # stage 10 xW: extremes
    run.stage(stage_10, instances=run.width, takes=[channel_4], sends=[channel_13, channel_14])
    # stage 11 x1: least
    run.stage(stage_11, instances=1, takes=[channel_13], state=["least"])
    # stage 12 x1: greatest
    run.stage(stage_12, instances=1, takes=[channel_14], state=["greatest"])
    # stage 13 xW: square > add
    run.stage(stage_13, instances=run.width, takes=[channel_5], sends=[channel_15])
    # stage 14 x1: chain_total
    run.stage(stage_14, instances=1, takes=[channel_15], state=["chain_total"])
    # stage 15 xW: branch0 > branch00 > leaf000 > ... > leaf011 (7 PEs)
    run.stage(
        stage_15,
        instances=run.width,
        takes=[channel_6],
        sends=[channel_16, channel_17, channel_18, channel_19],
    )
    # stage 16 x1: leaves
    run.stage(stage_16, instances=1, takes=[channel_16, channel_17, channel_18, channel_19], state=["leaves"])


if __name__ == "__main__":
    d4p.start(main, workflow, processes.ENGINE)
