"""Memory of arrays is kept for the next one, unless the user has settings of glibc's."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from d4p.host import memory

#: How many pages the system gave while a second array of 8 MiB was filled.
PROGRAM = """
import resource
import numpy as np
from d4p.host import memory

memory.keep()
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    before = faults()
    array = np.ones(1 << 20)
    print(faults() - before)
    del array
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="this system has no glibc")
def test_a_second_array_gets_the_memory_of_the_first():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, text=True, check=True,
                          stdout=subprocess.PIPE, timeout=120)
    _, second = map(int, done.stdout.split())
    assert second < 20, f"{second} pages"


def test_the_users_own_settings_stay(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("glibc was asked for something"))
    memory.keep()
