"""Channels and stages of tour."""

import d4p

# runs of items are dealt to the instances of halve
channel_1 = d4p.Channel(1, "parity.even -> halve.input", d4p.RoundRobin(runs=True))
# runs of items are dealt to the instances of triple
channel_2 = d4p.Channel(2, "parity.odd -> triple.input", d4p.RoundRobin(runs=True))
# runs of items are dealt to the instances of residue
channel_3 = d4p.Channel(3, "numbers.output -> residue.input", d4p.RoundRobin(runs=True))
# every instance of multiples gets every item
channel_4 = d4p.Channel(4, "numbers.output -> multiples.input", d4p.Broadcast())
# one instance of digit gets every item
channel_5 = d4p.Channel(5, "halve.output -> digit.input", d4p.Gather())
# one instance of digit gets every item
channel_6 = d4p.Channel(6, "triple.output -> digit.input", d4p.Gather())
# items whose [0] are equal meet in one instance of by_digit
channel_7 = d4p.Channel(7, "digit.output -> by_digit.item", d4p.Hash(0))
# items whose ['residue'] are equal meet in one instance of by_residue
channel_8 = d4p.Channel(8, "residue.output -> by_residue.item", d4p.Hash("residue"))


@d4p.runs(
    "numbers", "parity", "extremes", "least", "greatest", "square", "add", "chain_total", "branch0", "branch00",
    "leaf000", "leaf001", "branch01", "leaf010", "leaf011", "leaves",
)
def stage_1(stage):
    (
        numbers, parity, extremes, least, greatest, square, add, chain_total, branch0, branch00, leaf000, leaf001,
        branch01, leaf010, leaf011, leaves,
    ) = stage.take()
    to_halve = stage.to(channel_1)
    to_triple = stage.to(channel_2)
    to_residue = stage.to(channel_3)
    to_multiples = stage.to(channel_4)
    result_least = stage.result(least, "output")
    result_greatest = stage.result(greatest, "output")
    result_chain_total = stage.result(chain_total, "output")
    result_leaves = stage.result(leaves, "output")
    send_parity = stage.sender(parity)
    send_branch0 = stage.sender(branch0)
    send_branch00 = stage.sender(branch00)
    send_branch01 = stage.sender(branch01)
    n_numbers = n_parity = n_extremes = n_least = n_greatest = n_square = n_branch0 = n_branch00 = 0
    n_leaf000 = n_leaf001 = n_branch01 = n_leaf010 = n_leaf011 = n_leaves = dropped_square = dropped_add = 0

    def into_numbers(items):
        nonlocal n_numbers
        for item in items:
            n_numbers += 1
            item = numbers._process(item)
            if item is not None:
                numbers_output(item)

    def numbers_output(item):
        # 6 consumers: each gets an item of its own
        into_parity(stage.own(item))
        to_residue(stage.own(item))
        to_multiples(stage.own(item))
        into_extremes(stage.own(item))
        into_square(stage.own(item))
        into_branch0(item)

    def into_parity(item):
        nonlocal n_parity
        n_parity += 1
        result = parity.process({"number": item})
        if result is not None:
            send_parity(result)

    def into_extremes(item):
        nonlocal n_extremes
        n_extremes += 1
        item = extremes._process(item)
        if item is not None:
            extremes_output(item)

    def extremes_output(item):
        # 2 consumers: each gets an item of its own
        into_least(stage.own(item))
        into_greatest(item)

    def into_least(item):
        nonlocal n_least
        n_least += 1
        item = least._process(item)
        if item is not None:
            result_least(item)

    def into_greatest(item):
        nonlocal n_greatest
        n_greatest += 1
        item = greatest._process(item)
        if item is not None:
            result_greatest(item)

    def into_square(item):
        nonlocal dropped_add, dropped_square, n_square
        n_square += 1
        item = item * item  # square
        if item is None:
            dropped_square += 1
            return
        item = add._process(item)
        if item is None:
            dropped_add += 1
            return
        item = chain_total._process(item)
        if item is not None:
            result_chain_total(item)

    def into_branch0(item):
        nonlocal n_branch0
        n_branch0 += 1
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
            leaf000_output(item)

    def into_leaf001(item):
        nonlocal n_leaf001
        n_leaf001 += 1
        item = leaf001._process(item)
        if item is not None:
            leaf001_output(item)

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
            leaf010_output(item)

    def into_leaf011(item):
        nonlocal n_leaf011
        n_leaf011 += 1
        item = leaf011._process(item)
        if item is not None:
            leaf011_output(item)

    def into_leaves(item):
        nonlocal n_leaves
        n_leaves += 1
        item = leaves._process(item)
        if item is not None:
            result_leaves(item)

    def received():
        n_add = n_square - dropped_square
        n_chain_total = n_add - dropped_add
        return {
            "numbers": n_numbers,
            "parity": n_parity,
            "extremes": n_extremes,
            "least": n_least,
            "greatest": n_greatest,
            "square": n_square,
            "add": n_add,
            "chain_total": n_chain_total,
            "branch0": n_branch0,
            "branch00": n_branch00,
            "leaf000": n_leaf000,
            "leaf001": n_leaf001,
            "branch01": n_branch01,
            "leaf010": n_leaf010,
            "leaf011": n_leaf011,
            "leaves": n_leaves,
        }

    leaf000_output = stage.counted("leaf000.output", into_leaves)
    leaf001_output = stage.counted("leaf001.output", into_leaves)
    leaf010_output = stage.counted("leaf010.output", into_leaves)
    leaf011_output = stage.counted("leaf011.output", into_leaves)
    stage.wire(numbers, {"output": numbers_output})
    stage.wire(parity, {"even": to_halve, "odd": to_triple})
    stage.wire(extremes, {"output": extremes_output})
    stage.wire(least, {"output": result_least})
    stage.wire(greatest, {"output": result_greatest})
    stage.wire(square)  # only returns: its items go on in the loop above
    stage.wire(add)  # only returns: its items go on in the loop above
    stage.wire(chain_total, {"output": result_chain_total})
    stage.wire(branch0, {"00": into_branch00, "01": into_branch01})
    stage.wire(branch00, {"000": into_leaf000, "001": into_leaf001})
    stage.wire(leaf000, {"output": leaf000_output})
    stage.wire(leaf001, {"output": leaf001_output})
    stage.wire(branch01, {"010": into_leaf010, "011": into_leaf011})
    stage.wire(leaf010, {"output": leaf010_output})
    stage.wire(leaf011, {"output": leaf011_output})
    stage.wire(leaves, {"output": result_leaves})
    stage.inline(into_square, (square, "item * item"))
    return stage.ready({"numbers": into_numbers}, received)


@d4p.runs("halve")
def stage_2(stage):
    (halve,) = stage.take()
    to_digit = stage.to(channel_5)
    n_halve = 0

    def into_halve(items):
        nonlocal n_halve
        for item in items:
            n_halve += 1
            item = item // 2  # halve
            if item is not None:
                to_digit(item)

    stage.wire(halve, {"output": to_digit})
    stage.inline(into_halve, (halve, "item // 2"))
    return stage.ready({channel_1: into_halve}, lambda: {"halve": n_halve})


@d4p.runs("triple")
def stage_3(stage):
    (triple,) = stage.take()
    to_digit = stage.to(channel_6)
    n_triple = 0

    def into_triple(items):
        nonlocal n_triple
        for item in items:
            n_triple += 1
            item = 3 * item + 1  # triple
            if item is not None:
                to_digit(item)

    stage.wire(triple, {"output": to_digit})
    stage.inline(into_triple, (triple, "3 * item + 1"))
    return stage.ready({channel_2: into_triple}, lambda: {"triple": n_triple})


@d4p.runs("digit")
def stage_4(stage):
    (digit,) = stage.take()
    to_by_digit = stage.to(channel_7)
    n_digit = 0

    def into_digit(items):
        nonlocal n_digit
        for item in items:
            n_digit += 1
            item = (item % 10, item)  # digit
            to_by_digit(item)

    stage.wire(digit, {"output": to_by_digit})
    stage.inline(into_digit, (digit, "(item % 10, item)"))
    return stage.ready({channel_5: into_digit, channel_6: into_digit}, lambda: {"digit": n_digit})


@d4p.runs("by_digit")
def stage_5(stage):
    (by_digit,) = stage.take()
    result_by_digit = stage.result(by_digit, "count")
    send_by_digit = stage.sender(by_digit)
    n_by_digit = 0

    def into_by_digit(items):
        nonlocal n_by_digit
        for item in items:
            n_by_digit += 1
            result = by_digit.process({"item": item})
            if result is not None:
                send_by_digit(result)

    stage.wire(by_digit, {"count": result_by_digit})
    return stage.ready({channel_7: into_by_digit}, lambda: {"by_digit": n_by_digit})


@d4p.runs("residue")
def stage_6(stage):
    (residue,) = stage.take()
    to_by_residue = stage.to(channel_8)
    n_residue = 0

    def into_residue(items):
        nonlocal n_residue
        for item in items:
            n_residue += 1
            item = residue._process(item)
            if item is not None:
                to_by_residue(item)

    stage.wire(residue, {"output": to_by_residue})
    return stage.ready({channel_3: into_residue}, lambda: {"residue": n_residue})


@d4p.runs("by_residue")
def stage_7(stage):
    (by_residue,) = stage.take()
    result_by_residue = stage.result(by_residue, "count")
    send_by_residue = stage.sender(by_residue)
    n_by_residue = 0

    def into_by_residue(items):
        nonlocal n_by_residue
        for item in items:
            n_by_residue += 1
            result = by_residue.process({"item": item})
            if result is not None:
                send_by_residue(result)

    stage.wire(by_residue, {"count": result_by_residue})
    return stage.ready({channel_8: into_by_residue}, lambda: {"by_residue": n_by_residue})


@d4p.runs("multiples")
def stage_8(stage):
    (multiples,) = stage.take()
    result_multiples = stage.result(multiples, "output")
    n_multiples = 0

    def into_multiples(items):
        nonlocal n_multiples
        for item in items:
            n_multiples += 1
            item = multiples._process(item)
            if item is not None:
                result_multiples(item)

    stage.wire(multiples, {"output": result_multiples})
    return stage.ready({channel_4: into_multiples}, lambda: {"multiples": n_multiples})
