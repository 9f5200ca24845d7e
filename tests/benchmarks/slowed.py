"""A compiled program whose record goes by a slower clock: `python slowed.py TIMES job.py [WORDS...]`.

Programs that share a core have each a part of its seconds. What is done for a record by the clock, and not for an item,
is then done as often for a second of CPU as in a program that has a core of its own.
"""

import os
import runpy
import sys

times, script = int(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.argv = sys.argv[2:]
sys.path[0] = os.path.dirname(script)
sys.path.insert(0, os.path.join(sys.path[0], "d4p.zip"))  # as the program itself does

from d4p.record import record  # noqa: E402
from d4p.stage import inhand  # noqa: E402

inhand.EVERY *= times
record.ALIVE_EVERY, record.LOOKED_AT_EVERY = record.ALIVE_EVERY * times, record.LOOKED_AT_EVERY * times
runpy.run_path(script, run_name="__main__")
