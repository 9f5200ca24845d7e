"""What changes something of a PE is found wherever in a function it stands; and what reads it keeps nothing there."""

import pytest

from d4p_compile.analysis import state_of

from .box import process_that
from .examples import box

PLACES = """
def f(y=HERE): pass | return f
def f(*, y=HERE): pass | return f
async def f(y=HERE): pass | return f
@HERE | def f(): pass | return f
def f(): return HERE | return f
class A(HERE): pass | return A
class A(metaclass=HERE): pass | return A
@HERE | class A: pass | return A
class A: |     n = HERE | return A
class A: |     def f(this, y=HERE): pass | return A
class A: |     def f(this): return HERE | return A
class A: |     class B: |         n = HERE | return A
return lambda y=HERE: y
return lambda *, y=HERE: y
return lambda: HERE
assert HERE
assert x, HERE
raise HERE
raise x from HERE
with HERE: pass
with x as x[HERE]: pass
with x: HERE
return f'{HERE}'
return f'{x:{HERE}}'
return x[HERE]
return x[HERE:]
return x[:1, HERE]
return {**HERE}
return {HERE: 1}
return {1: HERE}
return [1, HERE], {HERE}
return (yield HERE)
yield from x(HERE)
return x < HERE < 1
return x + HERE
return x(*HERE)
return x(**HERE)
return x.y(HERE).z
return x(y=HERE)
x.y = HERE
x[HERE] = 1
x[HERE].n = 1
x[HERE] += 1
x.y[HERE] += 1
x += HERE
x: int = HERE
x[HERE]: int = 1
del x[HERE]
(x, y) = 1, HERE
match x: |     case 1 if HERE: pass
match x: |     case 1: HERE
match HERE: |     case 1: pass
try: pass | except HERE: pass
try: HERE | except x: pass
try: pass | except x: HERE
try: pass | except x: pass | else: HERE
try: pass | finally: HERE
for y in HERE: pass
for x[HERE] in x: pass
for y in x: HERE
for y in x: pass | else: HERE
while HERE: pass
while x: HERE
while x: pass | else: HERE
if HERE: pass
if x: HERE
if x: pass | elif HERE: pass
if x: pass | else: HERE
return 1 if HERE else 2
return HERE if x else 2
return 1 if x else HERE
return x and HERE
return x or HERE
return not HERE
return [y for y in HERE]
return [HERE for y in x]
return [y for y in x if HERE]
return [y for z in x for y in HERE]
return {HERE: y for y in x}
return {y: HERE for y in x}
return {HERE for y in x}
return list(HERE for y in x)
return (z := HERE)
return getattr(x, HERE)
return getattr(x, 'y', HERE)
return print(HERE)
return sorted(x, key=HERE)
return super().f(HERE)
return str.upper(HERE)
"""
FORMS = [line.split(" | ") for line in PLACES.strip().splitlines()]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_anywhere(form):
    for here, keeps in ("self.items.pop()", True), ("len(self.pair)", False):
        found = state_of(box(process_that(*(line.replace("HERE", here) for line in form))))
        assert found.keeps is keeps, found
        assert not keeps or "calls self.items.pop in " in found.why
