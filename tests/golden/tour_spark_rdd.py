"""tour for Spark RDDs: 23 PEs in 16 stages, 19 exchanges.

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
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("tour:graph", fingerprint="21f55acd77edb9f2")

# the channels and stages of tour_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: numbers
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        sends = {
            channel_1: run.width,
            channel_2: 2,
            channel_3: 3,
            channel_4: run.width,
            channel_5: run.width,
            channel_6: run.width,
        }
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, 1, to=sends))
        out_1 = run.once(out_1)  # 6 uses: computed once
        into_2 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_1)], run.width, ordered=True)
        into_7 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_2)], 2, ordered=True)
        into_9 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_3)], 3, ordered=True)
        into_10 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_4)], run.width, ordered=True)
        into_13 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_5)], run.width, ordered=True)
        into_15 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_6)], run.width, ordered=True)
    # stage 2 xW: parity
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, run.width, to={channel_7: 2, channel_8: 3}))
        out_2 = run.once(out_2)  # 2 uses: computed once
        into_3 = spark_rdd.shuffle([spark_rdd.take(out_2, channel_7)], 2, ordered=True)
        into_4 = spark_rdd.shuffle([spark_rdd.take(out_2, channel_8)], 3, ordered=True)
    # stage 3 x2: halve
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 2, to={channel_9: run.width}))
    # stage 4 x3: triple
    with run.named(stage_4):
        out_4 = into_4.mapPartitionsWithIndex(run.task(stage_4, 3, to={channel_10: run.width}))
    with run.named(stage_3, stage_4, to=stage_5):
        into_5 = spark_rdd.shuffle([out_3, out_4], run.width, ordered=True)  # channel_9, channel_10
    # stage 5 xW: digit
    with run.named(stage_5):
        out_5 = into_5.mapPartitionsWithIndex(run.task(stage_5, run.width, to={channel_11: 4}))
        into_6 = spark_rdd.shuffle([out_5], 4, ordered=True)  # channel_11
    # stage 6 x4: by_digit
    with run.named(stage_6):
        out_6 = into_6.mapPartitionsWithIndex(run.task(stage_6, 4))
    # stage 7 x2: residue
    with run.named(stage_7):
        out_7 = into_7.mapPartitionsWithIndex(run.task(stage_7, 2, to={channel_12: 3}))
        into_8 = spark_rdd.shuffle([out_7], 3, ordered=True)  # channel_12
    # stage 8 x3: by_residue
    with run.named(stage_8):
        out_8 = into_8.mapPartitionsWithIndex(run.task(stage_8, 3))
    # stage 9 x3: multiples
    with run.named(stage_9):
        out_9 = into_9.mapPartitionsWithIndex(run.task(stage_9, 3))
    # stage 10 xW: extremes
    with run.named(stage_10):
        out_10 = into_10.mapPartitionsWithIndex(run.task(stage_10, run.width, to={channel_13: 1, channel_14: 1}))
        out_10 = run.once(out_10)  # 2 uses: computed once
        into_11 = spark_rdd.shuffle([spark_rdd.take(out_10, channel_13)], 1, ordered=True)
        into_12 = spark_rdd.shuffle([spark_rdd.take(out_10, channel_14)], 1, ordered=True)
    # stage 11 x1: least
    with run.named(stage_11):
        out_11 = into_11.mapPartitionsWithIndex(run.task(stage_11, 1))
    # stage 12 x1: greatest
    with run.named(stage_12):
        out_12 = into_12.mapPartitionsWithIndex(run.task(stage_12, 1))
    # stage 13 xW: square > add
    with run.named(stage_13):
        out_13 = into_13.mapPartitionsWithIndex(run.task(stage_13, run.width, to={channel_15: 1}))
        into_14 = spark_rdd.shuffle([out_13], 1, ordered=True)  # channel_15
    # stage 14 x1: chain_total
    with run.named(stage_14):
        out_14 = into_14.mapPartitionsWithIndex(run.task(stage_14, 1))
    # stage 15 xW: branch0 > branch00 > leaf000 > ... > leaf011 (7 PEs)
    with run.named(stage_15):
        task = run.task(stage_15, run.width, to={channel_16: 1, channel_17: 1, channel_18: 1, channel_19: 1})
        out_15 = into_15.mapPartitionsWithIndex(task)
        into_16 = spark_rdd.shuffle([out_15], 1, ordered=True)  # channel_16, channel_17, channel_18, channel_19
    # stage 16 x1: leaves
    with run.named(stage_16):
        out_16 = into_16.mapPartitionsWithIndex(run.task(stage_16, 1))
    with run.named(stage_6, stage_8, stage_9, stage_11, stage_12, stage_14, stage_16, to="results"):
        run.finish(out_6, out_8, out_9, out_11, out_12, out_14, out_16)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
