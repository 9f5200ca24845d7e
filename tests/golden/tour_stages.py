"""Channels and stages of tour."""

import d4p

# runs of items are dealt to the instances of parity
channel_1 = d4p.Channel(1, "numbers.output -> parity.number", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of residue
channel_2 = d4p.Channel(2, "numbers.output -> residue.input", d4p.RoundRobin(runs=True), places="runs")
# every instance of multiples gets every item
channel_3 = d4p.Channel(3, "numbers.output -> multiples.input", d4p.Broadcast())
# runs of items are dealt to the instances of extremes
channel_4 = d4p.Channel(4, "numbers.output -> extremes.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of square
channel_5 = d4p.Channel(5, "numbers.output -> square.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of branch0
channel_6 = d4p.Channel(6, "numbers.output -> branch0.number", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of halve
channel_7 = d4p.Channel(7, "parity.even -> halve.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of triple
channel_8 = d4p.Channel(8, "parity.odd -> triple.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of digit
channel_9 = d4p.Channel(9, "halve.output -> digit.input", d4p.RoundRobin(runs=True), places="runs")
# runs of items are dealt to the instances of digit
channel_10 = d4p.Channel(10, "triple.output -> digit.input", d4p.RoundRobin(runs=True), places="runs")
# items whose [0] are equal meet in one instance of by_digit, in the order of the sequential run
channel_11 = d4p.Channel(11, "digit.output -> by_digit.item", d4p.Hash(0), places="runs")
# items whose ['residue'] are equal meet in one instance of by_residue, in the order of the sequential run
channel_12 = d4p.Channel(12, "residue.output -> by_residue.item", d4p.Hash("residue"), places="runs")
# one instance of least gets every item, in the order of the sequential run
channel_13 = d4p.Channel(13, "extremes.output -> least.input", d4p.Gather(), places="runs")
# one instance of greatest gets every item, in the order of the sequential run
channel_14 = d4p.Channel(14, "extremes.output -> greatest.input", d4p.Gather(), places="runs")
# one instance of chain_total gets every item, in the order of the sequential run
channel_15 = d4p.Channel(15, "add.output -> chain_total.input", d4p.Gather(), places="runs")
# one instance of leaves gets every item, in the order of the sequential run
channel_16 = d4p.Channel(16, "leaf000.output -> leaves.input", d4p.Gather(), places="runs")
# one instance of leaves gets every item, in the order of the sequential run
channel_17 = d4p.Channel(17, "leaf001.output -> leaves.input", d4p.Gather(), places="runs")
# one instance of leaves gets every item, in the order of the sequential run
channel_18 = d4p.Channel(18, "leaf010.output -> leaves.input", d4p.Gather(), places="runs")
# one instance of leaves gets every item, in the order of the sequential run
channel_19 = d4p.Channel(19, "leaf011.output -> leaves.input", d4p.Gather(), places="runs")


@d4p.runs("numbers")
def stage_1(stage):
    (numbers,) = stage.take()
    to_parity = stage.to(channel_1)
    to_residue = stage.to(channel_2)
    to_multiples = stage.to(channel_3)
    to_extremes = stage.to(channel_4)
    to_square = stage.to(channel_5)
    to_branch0 = stage.to(channel_6)
    n_numbers = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            at[0] = n_numbers
            item = numbers._process(item)
            if item is not None:
                numbers_output(item)

    def numbers_output(item):
        # 6 consumers: each gets an item of its own
        to_parity(stage.own(item))
        to_residue(stage.own(item))
        to_multiples(stage.own(item))
        to_extremes(stage.own(item))
        to_square(stage.own(item))
        to_branch0(item)

    stage.wire(numbers, {"output": numbers_output})
    return stage.ready({"numbers": into_numbers}, lambda: {"numbers": n_numbers})


@d4p.runs("parity")
def stage_2(stage):
    (parity,) = stage.take()
    to_halve = stage.to(channel_7)
    to_triple = stage.to(channel_8)
    send_parity = stage.sender(parity)
    n_parity = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_parity(items):
        nonlocal n_parity
        for item in items:
            n_parity += 1
            at[0] = n_parity
            result = parity.process({"number": item})
            if result is not None:
                send_parity(result)

    stage.wire(parity, {"even": to_halve, "odd": to_triple})
    return stage.ready({channel_1: into_parity}, lambda: {"parity": n_parity})


@d4p.runs("halve")
def stage_3(stage):
    (halve,) = stage.take()
    to_digit = stage.to(channel_9)
    n_halve = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_halve(items):
        nonlocal n_halve
        for item in items:
            n_halve += 1
            at[0] = n_halve
            item = item // 2  # halve
            if item is not None:
                to_digit(item)

    stage.wire(halve, {"output": to_digit})
    stage.inline(into_halve, (halve, "item // 2"))
    return stage.ready({channel_7: into_halve}, lambda: {"halve": n_halve})


@d4p.runs("triple")
def stage_4(stage):
    (triple,) = stage.take()
    to_digit = stage.to(channel_10)
    n_triple = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_triple(items):
        nonlocal n_triple
        for item in items:
            n_triple += 1
            at[0] = n_triple
            item = 3 * item + 1  # triple
            if item is not None:
                to_digit(item)

    stage.wire(triple, {"output": to_digit})
    stage.inline(into_triple, (triple, "3 * item + 1"))
    return stage.ready({channel_8: into_triple}, lambda: {"triple": n_triple})


@d4p.runs("digit")
def stage_5(stage):
    (digit,) = stage.take()
    to_by_digit = stage.to(channel_11)
    n_digit = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_digit(items):
        nonlocal n_digit
        for item in items:
            n_digit += 1
            at[0] = n_digit
            item = (item % 10, item)  # digit
            to_by_digit(item)

    stage.wire(digit, {"output": to_by_digit})
    stage.inline(into_digit, (digit, "(item % 10, item)"))
    return stage.ready({channel_9: into_digit, channel_10: into_digit}, lambda: {"digit": n_digit})


@d4p.runs("by_digit")
def stage_6(stage):
    (by_digit,) = stage.take()
    result_by_digit = stage.result(by_digit, "count")
    send_by_digit = stage.sender(by_digit)
    n_by_digit = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_by_digit(items):
        nonlocal n_by_digit
        for item in items:
            n_by_digit += 1
            at[0] = n_by_digit
            result = by_digit.process({"item": item})
            if result is not None:
                send_by_digit(result)

    stage.wire(by_digit, {"count": result_by_digit})
    return stage.ready({channel_11: into_by_digit}, lambda: {"by_digit": n_by_digit})


@d4p.runs("residue")
def stage_7(stage):
    (residue,) = stage.take()
    to_by_residue = stage.to(channel_12)
    n_residue = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_residue(items):
        nonlocal n_residue
        for item in items:
            n_residue += 1
            at[0] = n_residue
            item = residue._process(item)
            if item is not None:
                to_by_residue(item)

    stage.wire(residue, {"output": to_by_residue})
    return stage.ready({channel_2: into_residue}, lambda: {"residue": n_residue})


@d4p.runs("by_residue")
def stage_8(stage):
    (by_residue,) = stage.take()
    result_by_residue = stage.result(by_residue, "count")
    send_by_residue = stage.sender(by_residue)
    n_by_residue = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_by_residue(items):
        nonlocal n_by_residue
        for item in items:
            n_by_residue += 1
            at[0] = n_by_residue
            result = by_residue.process({"item": item})
            if result is not None:
                send_by_residue(result)

    stage.wire(by_residue, {"count": result_by_residue})
    return stage.ready({channel_12: into_by_residue}, lambda: {"by_residue": n_by_residue})


@d4p.runs("multiples")
def stage_9(stage):
    (multiples,) = stage.take()
    result_multiples = stage.result(multiples, "output")
    n_multiples = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_multiples(items):
        nonlocal n_multiples
        for item in items:
            n_multiples += 1
            at[0] = n_multiples
            item = multiples._process(item)
            if item is not None:
                result_multiples(item)

    stage.wire(multiples, {"output": result_multiples})
    return stage.ready({channel_3: into_multiples}, lambda: {"multiples": n_multiples})


@d4p.runs("extremes")
def stage_10(stage):
    (extremes,) = stage.take()
    to_least = stage.to(channel_13)
    to_greatest = stage.to(channel_14)
    n_extremes = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_extremes(items):
        nonlocal n_extremes
        for item in items:
            n_extremes += 1
            at[0] = n_extremes
            item = extremes._process(item)
            if item is not None:
                extremes_output(item)

    def extremes_output(item):
        # 2 consumers: each gets an item of its own
        to_least(stage.own(item))
        to_greatest(item)

    stage.wire(extremes, {"output": extremes_output})
    return stage.ready({channel_4: into_extremes}, lambda: {"extremes": n_extremes})


@d4p.runs("least")
def stage_11(stage):
    (least,) = stage.take()
    result_least = stage.result(least, "output")
    n_least = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_least(items):
        nonlocal n_least
        for item in items:
            n_least += 1
            at[0] = n_least
            item = least._process(item)
            if item is not None:
                result_least(item)

    stage.wire(least, {"output": result_least})
    return stage.ready({channel_13: into_least}, lambda: {"least": n_least})


@d4p.runs("greatest")
def stage_12(stage):
    (greatest,) = stage.take()
    result_greatest = stage.result(greatest, "output")
    n_greatest = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_greatest(items):
        nonlocal n_greatest
        for item in items:
            n_greatest += 1
            at[0] = n_greatest
            item = greatest._process(item)
            if item is not None:
                result_greatest(item)

    stage.wire(greatest, {"output": result_greatest})
    return stage.ready({channel_14: into_greatest}, lambda: {"greatest": n_greatest})


@d4p.runs("square", "add")
def stage_13(stage):
    square, add = stage.take()
    to_chain_total = stage.to(channel_15)
    n_square = dropped_square = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_square(items):
        nonlocal dropped_square, n_square
        for item in items:
            n_square += 1
            at[0] = n_square
            item = item * item  # square
            if item is None:
                dropped_square += 1
                continue
            item = add._process(item)
            if item is not None:
                to_chain_total(item)

    def received():
        n_add = n_square - dropped_square
        return {"square": n_square, "add": n_add}

    stage.wire(square)  # only returns: its items go on in the loop above
    stage.wire(add, {"output": to_chain_total})
    stage.inline(into_square, (square, "item * item"))
    return stage.ready({channel_5: into_square}, received)


@d4p.runs("chain_total")
def stage_14(stage):
    (chain_total,) = stage.take()
    result_chain_total = stage.result(chain_total, "output")
    n_chain_total = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_chain_total(items):
        nonlocal n_chain_total
        for item in items:
            n_chain_total += 1
            at[0] = n_chain_total
            item = chain_total._process(item)
            if item is not None:
                result_chain_total(item)

    stage.wire(chain_total, {"output": result_chain_total})
    return stage.ready({channel_15: into_chain_total}, lambda: {"chain_total": n_chain_total})


@d4p.runs("branch0", "branch00", "leaf000", "leaf001", "branch01", "leaf010", "leaf011")
def stage_15(stage):
    branch0, branch00, leaf000, leaf001, branch01, leaf010, leaf011 = stage.take()
    to_leaves = stage.to(channel_16)
    to_leaves_2 = stage.to(channel_17)
    to_leaves_3 = stage.to(channel_18)
    to_leaves_4 = stage.to(channel_19)
    send_branch0 = stage.sender(branch0)
    send_branch00 = stage.sender(branch00)
    send_branch01 = stage.sender(branch01)
    n_branch0 = n_branch00 = n_leaf000 = n_leaf001 = n_branch01 = n_leaf010 = n_leaf011 = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_branch0(items):
        nonlocal n_branch0
        for item in items:
            n_branch0 += 1
            at[0] = n_branch0
            result = branch0.process({"number": item})
            if result is not None:
                send_branch0(result)

    def into_branch00(item):
        nonlocal n_branch00
        n_branch00 += 1
        result = branch00.process({"number": item})
        if result is not None:
            send_branch00(result)

    def into_leaf000(item):
        nonlocal n_leaf000
        n_leaf000 += 1
        item = leaf000._process(item)
        if item is not None:
            to_leaves(item)

    def into_leaf001(item):
        nonlocal n_leaf001
        n_leaf001 += 1
        item = leaf001._process(item)
        if item is not None:
            to_leaves_2(item)

    def into_branch01(item):
        nonlocal n_branch01
        n_branch01 += 1
        result = branch01.process({"number": item})
        if result is not None:
            send_branch01(result)

    def into_leaf010(item):
        nonlocal n_leaf010
        n_leaf010 += 1
        item = leaf010._process(item)
        if item is not None:
            to_leaves_3(item)

    def into_leaf011(item):
        nonlocal n_leaf011
        n_leaf011 += 1
        item = leaf011._process(item)
        if item is not None:
            to_leaves_4(item)

    stage.wire(branch0, {"00": into_branch00, "01": into_branch01})
    stage.wire(branch00, {"000": into_leaf000, "001": into_leaf001})
    stage.wire(leaf000, {"output": to_leaves})
    stage.wire(leaf001, {"output": to_leaves_2})
    stage.wire(branch01, {"010": into_leaf010, "011": into_leaf011})
    stage.wire(leaf010, {"output": to_leaves_3})
    stage.wire(leaf011, {"output": to_leaves_4})
    return stage.ready(
        {channel_6: into_branch0},
        lambda: {
            "branch0": n_branch0,
            "branch00": n_branch00,
            "leaf000": n_leaf000,
            "leaf001": n_leaf001,
            "branch01": n_branch01,
            "leaf010": n_leaf010,
            "leaf011": n_leaf011,
        },
    )


@d4p.runs("leaves")
def stage_16(stage):
    (leaves,) = stage.take()
    result_leaves = stage.result(leaves, "output")
    n_leaves = 0
    at = stage.at  # the number of the item in hand, in memory that outlives this process

    def into_leaves(items):
        nonlocal n_leaves
        for item in items:
            n_leaves += 1
            at[0] = n_leaves
            item = leaves._process(item)
            if item is not None:
                result_leaves(item)

    stage.wire(leaves, {"output": result_leaves})
    return stage.ready(
        {channel_16: into_leaves, channel_17: into_leaves, channel_18: into_leaves, channel_19: into_leaves},
        lambda: {"leaves": n_leaves},
    )
