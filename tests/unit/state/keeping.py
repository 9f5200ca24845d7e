"""Methods that keep state: each is tried as the `_process` of a Box."""

import bisect
import copy
import functools
import heapq
import itertools
import random
from unittest.mock import Mock

import numpy as np

from .examples import CACHE, COUNTS, TICKS, Box, Scale, bump, poke, put

TOTAL, MOCK = 0, Mock()


def k_assign(self, x):
    self.n = x


def k_augment(self, x):
    self.n += 1


def k_annotated(self, x):
    self.n: int = x


def k_value_that_is_added(self, x):
    total = 0
    total += next(self.ids)
    return total


def k_items_of_an_iterator(self, x):
    return [y for y in iter(self.ids)]


def k_else_of_a_loop(self, x):
    for y in x:
        if y:
            break
    else:
        self.n = x


def k_else_of_a_while(self, x):
    while x:
        x = x[1:]
    else:
        self.n = x


def k_object_of_a_library_that_is_called(self, x):
    return MOCK(x)


def k_given_to_a_class_of_the_users(self, x):
    return Scale(self.counts)


def k_partial_of_what_changes_its_argument(self, x):
    return functools.partial(heapq.heappush, self.heap)(x)


def k_looks_at_globals(self, x):
    return globals().get(x)


def k_sorted_by_what_counts(self, x):
    return sorted(x, key=self.tally)


def k_partial_that_changes_what_it_is_given(self, x):
    return self.pushes(x)


def k_decorated_by_what_counts(self, x):
    return self.counted({}, x)


def k_slice_that_is_filled(self, x):
    self.array[1:].fill(x)


def k_deep_inside(self, x):
    self.nested["a"][1][0].deep(x)


def k_import_as(self, x):
    import heapq as heaps

    heaps.heappush(self.heap, x)


def k_import_dotted(self, x):
    import numpy.random

    numpy.random.shuffle(self.items)


def k_from_import(self, x):
    from heapq import heappush as push

    push(self.heap, x)


def k_alias_after_a_lambda(self, x):
    items = self.items
    made = lambda items: 1  # noqa: E731
    items.append(x)
    return made


def k_tuple_target(self, x):
    y, self.n = x, 1
    return y


def k_for_target(self, x):
    for self.n in x:
        pass


def k_with_target(self, x):
    with open(x) as self.file:
        pass


def k_item(self, x):
    self.counts[x] = 1


def k_nested_attribute(self, x):
    self.tally.n = x


def k_nested_item(self, x):
    self.groups[x]["k"] = 1


def k_delete(self, x):
    del self.counts[x]


def k_divisor(self, x):
    if not self.divisor:
        self.divisor = x
        return x


def k_append(self, x):
    self.items.append(x)


def k_bucket_append(self, x):
    self.buckets[x].append(x)


def k_setdefault(self, x):
    self.groups.setdefault(x, []).append(x)


def k_get_append(self, x):
    self.groups.get(x).append(x)


def k_queue(self, x):
    self.queue.popleft()


def k_default_read(self, x):
    return self.default[x]


def k_setattr(self, x):
    setattr(self, "n", x)  # noqa: B010


def k_dict(self, x):
    self.__dict__["n"] = x


def k_vars(self, x):
    vars(self)["n"] = x


def k_object_setattr(self, x):
    object.__setattr__(self, "n", x)


def k_finally(self, x):
    try:
        return x + 1
    finally:
        self.n += 1


def k_finally_of_a_loop(self, x):
    for y in x:
        try:
            continue
        finally:
            self.seen.add(y)


def k_except(self, x):
    try:
        return 1 / x
    except ZeroDivisionError:
        self.n = x


def k_else_of_try(self, x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        return None
    else:
        self.n = y


def k_next_of_an_iterator(self, x):
    return next(self.numbers)


def k_next_with_a_default(self, x):
    numbers = self.numbers
    return next(numbers, None)


def k_first_of_an_iterator(self, x):
    for n in self.numbers:
        return n, x


def k_zip_with_an_iterator(self, x):
    return list(zip(x, self.numbers, strict=False))


def k_comprehension_over_an_iterator(self, x):
    return [(n, y) for y in x for n in self.numbers]


def k_partial_that_holds_a_table(self, x):
    return self.remembers(x)


def k_partial_in_a_map(self, x):
    return list(map(self.remembers, x))


def k_partial_made_here(self, x):
    add = functools.partial(put, self.counts)
    add(x)


def k_partial_with_a_keyword(self, x):
    return functools.partial(put, x=x)(self.counts)


def k_partial_of_a_method(self, x):
    return functools.partial(self.items.append, x)()


def k_next(self, x):
    return next(self.ids)


def k_heap(self, x):
    heapq.heappush(self.heap, x)


def k_insort(self, x):
    bisect.insort(self.items, x)


def k_shuffle(self, x):
    random.shuffle(self.items)


def k_alias(self, x):
    c = self.counts
    c[x] = c.get(x, 0) + 1


def k_alias_walrus(self, x):
    if (c := self.items) is not None:
        c.append(x)


def k_alias_for(self, x):
    for b in self.buckets:
        b.append(x)


def k_alias_values(self, x):
    for key, group in self.groups.items():
        group.append(key)


def k_alias_enumerate(self, x):
    for i, b in enumerate(self.buckets):
        b.append(i)


def k_alias_display(self, x):
    for c in (self.items, self.heap):
        c.append(x)


def k_alias_unpacked(self, x):
    a, b = self.items, x
    a.append(b)


def k_alias_method(self, x):
    add = self.seen.add
    add(x)


def k_alias_self(self, x):
    me = self
    me.n = x


def k_alias_branch(self, x):
    c = []
    if x:
        c = self.items
    c.append(x)


def k_alias_or(self, x):
    c = x or self.items
    c += [1]


def k_map_method(self, x):
    list(map(self.seen.add, x))


def k_a_name_that_a_comprehension_has_too(self, x):
    seen = self.seen
    others = [seen for seen in x]
    seen.add(len(others))


def k_comprehension(self, x):
    return [self.items.append(y) for y in x]


def k_lambda(self, x):
    return sorted(x, key=lambda y: self.items.append(y))


def k_nested(self, x):
    def note(y):
        self.n = y

    note(x)


def k_nested_alias(self, x):
    items = self.items

    def note(y):
        items.append(y)

    note(x)


def k_array_item(self, x):
    self.array[0] = x


def k_array_inplace(self, x):
    a = self.array
    a += x


def k_array_row(self, x):
    for row in self.grid:
        row += x


def k_array_slice(self, x):
    part = self.array[1:]
    part[0] = x


def k_array_out(self, x):
    np.add(x, 1, out=self.array)


def k_array_fill(self, x):
    self.array.fill(x)


def k_array_part(self, x):
    self.grid.T.sort()


def k_frame(self, x):
    self.frame.loc[x] = 1


def k_frame_insert(self, x):
    self.frame.insert(0, x, 1)


def k_deque_nested_loop(self, x):
    for group in self.groups.values():
        for y in x:
            if y:
                group.append(y)


def k_late_alias(self, x):
    last = None
    for y in x:
        if last is not None:
            last.append(y)
        last = self.items


def k_exec(self, x):
    exec(x)


def k_thread(self, x):
    self.client.owner = x


def k_fstring(self, x):
    return f"{next(self.ids)}"


def k_yield(self, x):
    yield self.items.pop()


async def k_async(self, x):
    async for y in x:
        self.items.append(y)


def k_random(self, x):
    return self.rng.random() < 0.5


def k_numpy_random(self, x):
    return self.np_rng.normal()


def k_generator(self, x):
    for line in self.lines:
        return line


def k_generator_zip(self, x):
    return list(zip(x, self.lines, strict=False))


def k_generator_islice(self, x):
    return list(itertools.islice(self.lines, 2))


def k_tally(self, x):
    self.tally.add(x)


def k_tally_deep(self, x):
    self.tally.deep(x)


def k_tally_call(self, x):
    return self.tally(x)


def k_helper(self, x):
    put(self.counts, x)


def k_helper_unknown(self, x):
    x.helper(self.counts)


def k_helper_param(self, x):
    x(self.counts)


def k_self_helper(self, x):
    poke(self)


def k_self_unknown(self, x):
    x(self)


def k_self_in_list(self, x):
    x.callbacks([self])


def k_global(self, x):
    global TOTAL
    TOTAL += x


def k_global_item(self, x):
    COUNTS[x] += 1


def k_global_append(self, x):
    CACHE.append(x)


def k_global_alias(self, x):
    c = CACHE
    c.append(x)


def k_global_in_helper(self, x):
    bump()


def k_global_next(self, x):
    return next(TICKS)


def k_class_name(self, x):
    Box.made += 1


def k_class_type(self, x):
    type(self).made += 1


def k_class_dunder(self, x):
    self.__class__.made += 1


def k_class_list(self, x):
    self.kinds.append(x)


def k_default_argument(self, x, seen=[]):  # noqa: B006
    seen.append(x)


def k_getattr_dynamic(self, x):
    getattr(self, x).append(1)


def k_getattr_constant(self, x):
    getattr(self, "items").append(x)  # noqa: B009


def k_match(self, x):
    match self.items:
        case [*some]:
            self.n = some


def k_try(self, x):
    try:
        x()
    except ValueError as error:
        self.items.append(error)


def k_missing(self, x):
    self.nothing.frobnicate(x)


def k_preprocess_again(self, x):
    self.__init__()


def k_alias_of_a_choice(self, x):
    rows = self.items if x else []
    rows.append(x)


def k_alias_of_the_other_choice(self, x):
    rows = [] if x else self.items
    rows.append(x)


async def k_await(self, x):
    (await self.items).append(x)


def k_copy_of_what_holds(self, x):
    rows = copy.copy(self.groups)
    rows["a"].append(x)


def k_copy_of_a_list_around(self, x):
    both = copy.copy([self.items, x])
    both[0].append(x)


def k_starred_alias(self, x):
    (*rows,) = self.items, x
    rows[0].append(x)


def k_swapped_alias(self, x):
    rows, self_text = self.items, self.text
    rows.append(self_text)


def k_match_within(self, x):
    match self.groups:
        case {"a": rows}:
            rows.append(x)


def k_match_as(self, x):
    match self.items:
        case [] as rows:
            rows.append(x)


def k_of_what_is_not_there(self, x):
    self.nowhere.rows.append(x)


KEEPS = [f for name, f in list(globals().items()) if name.startswith("k_")]
