"""Channels and stages of pairs."""

import d4p

# of any two items the instance of AllPairs that pairs them gets both
channel_1 = d4p.Channel(1, "Items.output -> AllPairs.input", d4p.Pairs("id"))


@d4p.runs("Items")
def stage_1(stage):
    (pe_items,) = stage.take()
    to_all_pairs = stage.to(channel_1)
    n_pe_items = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_pe_items(items):
        nonlocal n_pe_items
        for item in items:
            n_pe_items += 1
            at[0] = n_pe_items
            item = pe_items._process(item)
            if item is not None:
                to_all_pairs(item)

    stage.wire(pe_items, {"output": to_all_pairs})
    return stage.ready({"Items": into_pe_items}, lambda: {"Items": n_pe_items})


@d4p.runs("AllPairs", "InTiles", "Joined", "Same")
def stage_2(stage):
    all_pairs, in_tiles, joined, same = stage.take()
    result_joined = stage.result(joined, "output")
    result_same = stage.result(same, "output")
    send_batches_of_in_tiles = stage.batch_sender(in_tiles)
    send_batches_of_joined = stage.batch_sender(joined)
    n_all_pairs = n_in_tiles = n_joined = n_same = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_all_pairs(items):
        nonlocal n_all_pairs
        for item in items:
            n_all_pairs += 1
            at[0] = n_all_pairs
            all_pairs.process({"input": item})

    def into_in_tiles(item):
        nonlocal n_in_tiles
        n_in_tiles += 1
        item = in_tiles._process(item)
        if item is not None:
            in_tiles_output(item)

    def in_tiles_output(item):
        # 2 consumers: each gets an item of its own
        into_joined(stage.own(item))
        into_same(item)

    def into_in_tiles_batch(batch):
        nonlocal n_in_tiles
        n_in_tiles += len(batch)
        send_batches_of_in_tiles(in_tiles.process_batch({"input": batch}))

    def in_tiles_output_batch(batch):
        into_joined_batch(batch)
        for item in batch:
            into_same(stage.own(item))

    def into_joined(item):
        nonlocal n_joined
        n_joined += 1
        item = joined._process(item)
        if item is not None:
            result_joined(item)

    def into_joined_batch(batch):
        nonlocal n_joined
        n_joined += len(batch)
        send_batches_of_joined(joined.process_batch({"input": batch}))

    def joined_output_batch(batch):
        for item in batch:
            result_joined(stage.own(item))

    def into_same(item):
        nonlocal n_same
        n_same += 1
        # Same hands on what it gets
        if item is not None:
            result_same(item)

    stage.wire(all_pairs, {"output": into_in_tiles})
    stage.wire_batches(all_pairs, {"output": into_in_tiles_batch})
    stage.wire(in_tiles, {"output": in_tiles_output})
    stage.wire_batches(in_tiles, {"output": in_tiles_output_batch})
    stage.wire(joined, {"output": result_joined})
    stage.wire_batches(joined, {"output": joined_output_batch})
    stage.wire(same, {"output": result_same})
    stage.inline(into_same, (same, "item"))
    return stage.ready(
        {channel_1: into_all_pairs},
        lambda: {"AllPairs": n_all_pairs, "InTiles": n_in_tiles, "Joined": n_joined, "Same": n_same},
        repeatable=True,
    )
