"""wordcount for Spark RDDs: 4 PEs in 3 stages, 2 exchanges.

stage 1 xW  read > split
            split.word -> count.word  hash [0]
stage 2 x4  count
            count.count -> top.input  gather
stage 3 x1  top
            top.output                result
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "d4p.zip"))

import d4p  # noqa: E402
from d4p.engines import spark_rdd  # noqa: E402

d4p.require("0.1.0", __file__)
workflow = d4p.Workflow("wordcount:graph", fingerprint="b46959a0aedf005c")

# items whose [0] are equal meet in one instance of count
channel_1 = d4p.Channel(1, "split.word -> count.word", d4p.Hash(0))
# one instance of top gets every item
channel_2 = d4p.Channel(2, "count.count -> top.input", d4p.Gather())


@d4p.runs("read", "split")
def stage_1(stage):
    read, split = stage.take()
    to_count = stage.to(channel_1)
    send_split = stage.sender(split)
    n_read = 0

    def into_read(items):
        nonlocal n_read
        for item in items:
            n_read += 1
            result = split.process({"line": item})
            if result is not None:
                send_split(result)

    stage.wire(read)  # only returns: its items go on in the loop above
    stage.wire(split, {"word": to_count})
    return stage.ready({"read": into_read}, lambda: {"read": n_read, "split": n_read})


@d4p.runs("count")
def stage_2(stage):
    (count,) = stage.take()
    to_top = stage.to(channel_2)
    send_count = stage.sender(count)
    n_count = 0

    def into_count(items):
        nonlocal n_count
        for item in items:
            n_count += 1
            result = count.process({"word": item})
            if result is not None:
                send_count(result)

    stage.wire(count, {"count": to_top})
    return stage.ready({1: into_count}, lambda: {"count": n_count})


@d4p.runs("top")
def stage_3(stage):
    (top,) = stage.take()
    result_top = stage.result(top, "output")
    n_top = 0

    def into_top(items):
        nonlocal n_top
        for item in items:
            n_top += 1
            item = top._process(item)
            if item is not None:
                result_top(item)

    stage.wire(top, {"output": result_top})
    return stage.ready({2: into_top}, lambda: {"top": n_top})


def main(sc, run):
    """One partition is one instance; batches of items are shuffled by the instance that they go to."""
    # stage 1 xW: read > split
    with run.named(stage_1):
        arriving = run.read("read", run.width)
        out_1 = arriving.mapPartitionsWithIndex(run.task(stage_1, run.width, to={channel_1: 4}, root="read"))
        into_2 = spark_rdd.shuffle([out_1], 4, ordered=True)  # channel_1
    # stage 2 x4: count
    with run.named(stage_2):
        out_2 = into_2.mapPartitionsWithIndex(run.task(stage_2, 4, to={channel_2: 1}))
        into_3 = spark_rdd.shuffle([out_2], 1, ordered=True)  # channel_2
    # stage 3 x1: top
    with run.named(stage_3):
        out_3 = into_3.mapPartitionsWithIndex(run.task(stage_3, 1))
        run.finish(out_3)


if __name__ == "__main__":
    d4p.start(main, workflow, spark_rdd.ENGINE)
