"""tour for Spark RDDs: 23 PEs in 8 stages, 8 exchanges.

stage 1 x1  numbers > parity > extremes > least > greatest > square > add > chain_total > branch0
            > branch00 > leaf000 > leaf001 > branch01 > leaf010 > leaf011 > leaves
            parity.even -> halve.input         round robin
            parity.odd -> triple.input         round robin
            numbers.output -> residue.input    round robin
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
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("tour:graph", fingerprint="21f55acd77edb9f2")

# the channels and stages of tour_stages.py


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 x1: numbers > parity > extremes > ... > leaves (16 PEs)
    with run.named(stage_1):
        arriving = sc.parallelize(range(1), 1)
        task = run.task(stage_1, 1, to={channel_1: 2, channel_2: 3, channel_3: 2, channel_4: 3})
        out_1 = arriving.mapPartitionsWithIndex(task)
        out_1 = run.once(out_1)  # 5 uses: computed once
        into_2 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_1)], 2, ordered=True)
        into_3 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_2)], 3, ordered=True)
        into_6 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_3)], 2, ordered=True)
        into_8 = spark_rdd.shuffle([spark_rdd.take(out_1, channel_4)], 3, ordered=True)
    # stage 2 x2: halve
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, 2, to={channel_5: 1}))
    # stage 3 x3: triple
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 3, to={channel_6: 1}))
    with run.named(stage_2, stage_3, to=stage_4):
        into_4 = spark_rdd.shuffle([out_2, out_3], 1, ordered=True)  # channel_5, channel_6
    # stage 4 x1: digit
    with run.named(stage_4):
        out_4 = into_4.mapPartitionsWithIndex(run.task(stage_4, 1, to={channel_7: 4}))
        into_5 = spark_rdd.shuffle([out_4], 4, ordered=True)  # channel_7
    # stage 5 x4: by_digit
    with run.named(stage_5):
        out_5 = into_5.mapPartitionsWithIndex(run.task(stage_5, 4))
    # stage 6 x2: residue
    with run.named(stage_6):
        out_6 = into_6.mapPartitionsWithIndex(run.task(stage_6, 2, to={channel_8: 3}))
        into_7 = spark_rdd.shuffle([out_6], 3, ordered=True)  # channel_8
    # stage 7 x3: by_residue
    with run.named(stage_7):
        out_7 = into_7.mapPartitionsWithIndex(run.task(stage_7, 3))
    # stage 8 x3: multiples
    with run.named(stage_8):
        out_8 = into_8.mapPartitionsWithIndex(run.task(stage_8, 3))
    with run.named(stage_1, stage_5, stage_7, stage_8, to="results"):
        run.finish(spark_rdd.results(out_1), out_5, out_7, out_8)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
