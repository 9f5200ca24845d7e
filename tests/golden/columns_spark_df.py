"""columns for Spark DataFrames: 9 PEs in 9 stages, 8 exchanges.

stage 1 x1  Items
            Items.output -> CountPE.input            round robin, counts of items
            Items.output -> SumPE2.input             hash [0], columns n: int64
            Items.output -> SumPE3.input             broadcast, columns x: float64, n: int64
            Items.output -> MinPE.input              round robin, columns n: int64, key: string
            Items.output -> MaxPE.input              broadcast, columns blob: binary, flag: bool, n: int64
            Items.output -> AverageParallelPE.input  round robin, columns x: float64
            Items.output -> Listing.input            broadcast, packed: only Python reads it
stage 2 x3  CountPE
            native: count
            CountPE.output -> Seen.input             round robin of runs
stage 3 x3  SumPE2
            native: sum of n (int64)
            SumPE2.output                            result
stage 4 x2  SumPE3
            native: sum of x (float64), n (int64)
            SumPE3.output                            result
stage 5 x2  MinPE
            native: min of n (int64), key (string)
            MinPE.output                             result
stage 6 x2  MaxPE
            native: max of blob (binary), flag (bool), n (int64)
            MaxPE.output                             result
stage 7 x2  AverageParallelPE
            native: average of x (float64)
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
from d4p.engines import spark_df  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("columns:all_kinds", fingerprint="f24e7ec44eb98738", parameters={})

# the channels and stages of columns_stages.py


def main(spark, run):
    """One partition is one instance; rows are batches of items, shuffled by the instance that they go to."""
    from pyspark.sql import functions as F

    # stage 1 x1: Items
    arriving = run.instances(1)
    sends = {
        channel_1: 3,
        channel_2: 3,
        channel_3: 2,
        channel_4: 2,
        channel_5: 2,
        channel_6: 2,
        channel_7: 2,
    }
    columns = {
        channel_1: {"items_2": (None, "int64")},
        channel_2: {"n_3": (1, "int64")},
        channel_3: {"x_4": (2, "float64"), "n_4": (-4, "int64")},
        channel_4: {"n_5": (1, "int64"), "key_5": (0, "string")},
        channel_5: {"blob_6": (3, "binary"), "flag_6": (4, "bool"), "n_6": (1, "int64")},
        channel_6: {"x_7": (2, "float64")},
        # channel_7: packed: only Python reads it
    }
    task = run.task(stage_1, 1, to=sends, columns=columns)
    out_1 = arriving.mapInArrow(task, spark_df.BATCHES + spark_df.ddl(columns))
    out_1 = run.once(out_1)  # 7 uses: computed once
    # native: count. A row says how many items it stands for; the items stay where they are
    into_2 = spark_df.take(out_1, channel_1).groupBy(spark_df.KEYS).agg(F.sum("items_2"))
    into_2 = spark_df.shuffle(into_2, 3, ordered=True)
    # native: sum of n (int64)
    #   a sum of 64-bit ints may have more bits, as in Python
    #   an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself
    into_3 = spark_df.take(out_1, channel_2).groupBy(spark_df.KEYS).agg(F.count("n_3"), spark_df.exact_sum("n_3"))
    into_3 = spark_df.shuffle(into_3, 3, ordered=True)
    # native: sum of x (float64), n (int64)
    #   a sum of 64-bit ints may have more bits, as in Python
    #   floats are the same within rounding
    #   an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself
    into_4 = spark_df.take(out_1, channel_3).groupBy(spark_df.KEYS).agg(
        F.count("x_4"),
        F.sum("x_4"),
        spark_df.exact_sum("n_4"),
    )
    into_4 = spark_df.shuffle(into_4, 2, ordered=True)
    # native: min of n (int64), key (string)
    #   the bytes of UTF-8 are in the order of code points
    #   an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself
    into_5 = spark_df.take(out_1, channel_4).groupBy(spark_df.KEYS).agg(
        F.count("n_5"),
        F.min("n_5"),
        F.min("key_5"),
    )
    into_5 = spark_df.shuffle(into_5, 2, ordered=True)
    # native: max of blob (binary), flag (bool), n (int64)
    #   an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself
    into_6 = spark_df.take(out_1, channel_5).groupBy(spark_df.KEYS).agg(
        F.count("blob_6"),
        F.max("blob_6"),
        F.max("flag_6"),
        F.max("n_6"),
    )
    into_6 = spark_df.shuffle(into_6, 2, ordered=True)
    # native: average of x (float64)
    #   floats are the same within rounding
    #   an item of other types, and those after it, stay packed, each batch a group of its own, for the PE itself
    into_7 = spark_df.take(out_1, channel_6).groupBy(spark_df.KEYS).agg(F.count("x_7"), F.sum("x_7"))
    into_7 = spark_df.shuffle(into_7, 2, ordered=True)
    into_9 = spark_df.shuffle(spark_df.take(out_1, channel_7), 2, ordered=True)
    # stage 2 x3: CountPE
    task = run.task(stage_2, 3, to={channel_8: run.width}, aggregate="CountPE")
    out_2 = into_2.mapInArrow(task, spark_df.BATCHES)
    into_8 = spark_df.shuffle(out_2, run.width, ordered=False)  # channel_8
    # stage 3 x3: SumPE2
    out_3 = into_3.mapInArrow(run.task(stage_3, 3, aggregate="SumPE2"), spark_df.BATCHES)
    # stage 4 x2: SumPE3
    out_4 = into_4.mapInArrow(run.task(stage_4, 2, aggregate="SumPE3"), spark_df.BATCHES)
    # stage 5 x2: MinPE
    out_5 = into_5.mapInArrow(run.task(stage_5, 2, aggregate="MinPE"), spark_df.BATCHES)
    # stage 6 x2: MaxPE
    out_6 = into_6.mapInArrow(run.task(stage_6, 2, aggregate="MaxPE"), spark_df.BATCHES)
    # stage 7 x2: AverageParallelPE
    out_7 = into_7.mapInArrow(run.task(stage_7, 2, aggregate="AverageParallelPE"), spark_df.BATCHES)
    # stage 8 xW: Seen
    out_8 = into_8.mapInArrow(run.task(stage_8, run.width), spark_df.BATCHES)
    # stage 9 x2: Listing
    out_9 = into_9.mapInArrow(run.task(stage_9, 2), spark_df.BATCHES)
    run.finish(run.union([out_3, out_4, out_5, out_6, out_7, out_8, out_9], instances=[3, 2, 2, 2, 2, run.width, 2]))


if __name__ == "__main__":
    d4p.start(main, workflow, spark_df.ENGINE)
