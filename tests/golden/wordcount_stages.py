"""Channels and stages of wordcount."""

import d4p

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
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_read(items):
        nonlocal n_read
        for item in items:
            n_read += 1
            at[0] = n_read
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
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_count(items):
        nonlocal n_count
        for item in items:
            n_count += 1
            at[0] = n_count
            result = count.process({"word": item})
            if result is not None:
                send_count(result)

    stage.wire(count, {"count": to_top})
    return stage.ready({channel_1: into_count}, lambda: {"count": n_count})


@d4p.runs("top")
def stage_3(stage):
    (top,) = stage.take()
    result_top = stage.result(top, "output")
    n_top = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_top(items):
        nonlocal n_top
        for item in items:
            n_top += 1
            at[0] = n_top
            item = top._process(item)
            if item is not None:
                result_top(item)

    stage.wire(top, {"output": result_top})
    return stage.ready({channel_2: into_top}, lambda: {"top": n_top})
