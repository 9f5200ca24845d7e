"""Methods that keep none, however they look: each is tried as the `_process` of a Box."""

import copy
import functools
import json
import time
from collections import Counter, defaultdict, deque

import numpy as np

from .examples import CACHE, TABLE, WORD, Box, Tally, filled, find, logger, peek


def n_local(self, x):
    out = []
    total = 0
    for y in x:
        out.append(y)
        total += y
    return out, total


def n_local_dict(self, x):
    counts = defaultdict(int)
    for y in x:
        counts[y] += 1
    return counts


def n_write(self, x):
    for word in x.split():
        self.write("output", (word, 1))


def n_finally(self, x):
    try:
        return self.counts.get(x)
    finally:
        self.log(f"{x} was looked for")


def n_over_a_container_of_the_user_s(self, x):
    return [(row, x) for row in self.rows], max(self.rows)


def n_partial(self, x):
    reads = functools.partial(find, self.counts)
    return reads(x), self.finds(x), list(map(functools.partial(find, self.counts), [x]))


def n_log(self, x):
    self.log(f"{self.name}: {x} {self.counts}")


def n_read(self, x):
    return self.counts.get(x), x in self.seen, self.items[0], len(self.items), self.n + 1


def n_lookup(self, x):
    row = self.groups[x]
    return [y for y in row if y in self.counts]


def n_readers(self, x):
    return sum(self.items), sorted(self.seen), max(self.heap), dict(self.counts), list(enumerate(self.items))


def n_iterate(self, x):
    for key, value in self.groups.items():
        if key == x:
            return value
    return None


def n_copy(self, x):
    row = dict(self.counts)
    row["x"] = x
    other = self.counts.copy()
    other["y"] = 1
    third = copy.deepcopy(self.items)
    third.append(x)
    fourth = self.items[:]
    fourth.append(x)
    return row, other, third, fourth, self.items + [x]


def n_array(self, x):
    y = self.array * x
    y[0] = 1
    return np.dot(self.array, x) + self.array[1:].mean() + np.interp(x, self.array, self.array)


def n_array_copy(self, x):
    a = self.array.copy()
    a += x
    return a


def n_array_scalar(self, x):
    total = self.array[0]
    for value in self.array:
        total += value
    return total


def n_array_parts(self, x):
    return self.grid.T.dot(x), self.grid.real.mean(), self.grid.shape[0]


def n_frame(self, x):
    row = self.frame.loc[x]
    return self.frame.index.get_loc(x), row, self.frame.query("a > 1"), len(self.frame), self.frame[x].mean()


def n_regex(self, x):
    return self.pattern.sub("", x), WORD.findall(x)


def n_number(self, x):
    total = self.n
    total += x
    return total


def n_text(self, x):
    return self.text.join(x), self.text.format(x), ", ".join(self.items), x.translate(self.counts)


def n_stopwords(self, x):
    return set(x).difference(self.seen), x.count(self.text)


def n_unpacked(self, x):
    return peek(*[self], x) if False else dict(**self.params), print(*self.args), f"{self.items}"


def n_client(self, x):
    stream = self.client.decode(x)
    stream.stats = self.params
    return stream


def n_scale(self, x):
    return self.scale.apply(x) + self.scale(x)


def n_tally_look(self, x):
    return self.tally.look(x)


def n_function(self, x):
    return self.function(x), self.lookup(x, x)


def n_helper(self, x):
    return find(self.counts, x)


def n_self_helper(self, x):
    return peek(self, x)


def n_library(self, x):
    return json.dumps(self.counts), time.time(), copy.copy(self.items)


def n_logger(self, x):
    self.logger.info("%s", x)
    logger.info("%s", self.counts)


def n_global_read(self, x):
    return TABLE[x], TABLE.get(x), [y for y in CACHE]


def n_nonlocal(self, x):
    n = 0

    def inc():
        nonlocal n
        n += 1

    inc()
    return n


def n_lambda(self, x):
    return sorted(x, key=lambda y: (y[0], self.by)), list(map(self.scale, x)), list(map(str, self.items))


def n_item_change(self, x):
    x["seen"] = True
    x.stats.network = self.text
    return x


def n_rebound(self, x):
    rows = self.items
    rows = [r for r in rows if r]
    rows.append(x)
    return rows


def n_super(self, x):
    return super(Box, self)._process(x)


def n_isinstance(self, x):
    return isinstance(x, self.made_of), type(self).__name__, repr(self)


def n_constructor(self, x):
    tally = Tally()
    tally.add(x)
    return Counter(self.items), deque(self.items, 3)


def n_shadow(self, x):
    COUNTS = {}
    COUNTS[x] = 1
    return COUNTS


def n_walrus(self, x):
    while (y := x.get("next")) is not None:
        x = y
    return x


def n_file(self, x):
    with open(x) as lines:
        for line in lines:
            self.write("output", line.strip())


def n_class_attribute(self, x):
    return x in self.kinds, Box.made, sorted(Box.kinds)


def n_shallow_copy(self, x):
    counts = copy.copy(self.counts)
    counts[x] = 1
    return counts


def n_swapped(self, x):
    rows, items = [], self.items
    rows.append(items)
    return rows


def n_inherited_from_a_builtin(self, x):
    return self.named.get(x)


def n_bound_to_an_object_of_a_library(self, x):
    return self.doubled(x)


def n_given_behind_out(self, x):
    return x.sum(0, None, None, self.pair)


def n_made_of_the_type(self, x):
    return type(self.pair)(x)


def n_attribute_by_a_tuple(self, x):
    return getattr(*x)


def n_sorted_by_what_does_not(self, x):
    return sorted(x, key=self.scale)


def n_looks_through_a_list_of_iterators(self, x):
    return [x for _ in [self.ids, self.lines]]


def n_fills_what_is_no_default(self, x):
    return filled(x)


def n_returns_nothing(self, x):
    if x:
        return
    self.items[:x]


def n_parameter_hides_a_local(self, x):
    items = self.items
    return sorted(x, key=lambda items: items.pop()), len(items)


def n_function_of_a_library_that_caches(self, x):
    return self.matches("a", x)


def n_function_that_changes_the_item(self, x):
    return self.appends(x)


def n_partials_that_read(self, x):
    return self.identifies(), self.sorts(x)


def n_slice_that_is_handed_over(self, x):
    return x.apply(self.items[:])


def n_dict_without_a_default(self, x):
    return self.no_default[x]


def n_alias_of_a_method_of_an_object(self, x):
    look = self.tally.look
    return look(x)


def n_import_as(self, x):
    import json as written

    return written.dumps(self.counts)


def n_import(self, x):
    import json

    return json.dumps(self.counts)


def n_import_dotted(self, x):
    import os.path

    return os.path.join(*self.groups)


def n_from_import(self, x):
    from json import dumps
    from json import loads as read

    return read(dumps(self.counts))


def n_choice(self, x):
    return self.text if x else self.items


def n_match(self, x):
    match self.groups:
        case {"a": rows}:
            return len(rows)


NONE = [f for name, f in list(globals().items()) if name.startswith("n_")]
