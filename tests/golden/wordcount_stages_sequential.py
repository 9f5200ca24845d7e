"""Channels and stages of wordcount."""

import d4p


@d4p.runs("read", "split", "count", "top")
def stage_1(stage):
    read, split, count, top = stage.take()
    needs_of_count = stage.needs("split.word -> count.word", [0])
    result_top = stage.result(top, "output")
    send_split = stage.sender(split)
    send_count = stage.sender(count)
    n_read = n_count = n_top = 0

    def into_read(items):
        nonlocal n_read
        for item in items:
            n_read += 1
            result = split.process({"line": item})
            if result is not None:
                send_split(result)

    def split_word(item):
        needs_of_count(item)
        into_count(item)

    def into_count(item):
        nonlocal n_count
        n_count += 1
        result = count.process({"word": item})
        if result is not None:
            send_count(result)

    def into_top(item):
        nonlocal n_top
        n_top += 1
        item = top._process(item)
        if item is not None:
            result_top(item)

    stage.wire(read)  # only returns: its items go on in the loop above
    stage.wire(split, {"word": split_word})
    stage.wire(count, {"count": into_top})
    stage.wire(top, {"output": result_top})
    return stage.ready({"read": into_read}, lambda: {"read": n_read, "split": n_read, "count": n_count, "top": n_top})
