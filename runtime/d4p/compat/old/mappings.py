"""dispel4py.new.mappings: names of targets and the modules dispel4py kept them in."""

from __future__ import annotations

config = {name: f"dispel4py.new.{name}_process" for name in ("mpi", "multi", "simple", "spark")}
