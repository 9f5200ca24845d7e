"""What the instances of a run were at, by stage: how busy, waiting, blocked; and how much of the run that took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import mean
from typing import Any

from .folder import Run

#: The parts of an instance's life, by what they are to whoever asks what limits a run.
BUSY = ("unpacking", "working", "packing", "preprocess", "postprocess", "committing")
WAITING, QUEUED, BLOCKED = ("waiting", "held"), ("queued",), ("blocked",)
#: Seconds for which PEs were seen at work: of less the shares are chance.
_SEEN = 0.6
KINDS = {"busy": BUSY, "waiting": WAITING, "queued": QUEUED, "blocked": BLOCKED}


@dataclass(frozen=True)
class Instance:
    """One instance: its seconds by part, and what it received."""

    number: int
    seconds: Mapping[str, float]
    items: int
    cpu: float | None
    peak: int | None
    host: str
    process: int | None = None
    within: Mapping[str, float] = field(default_factory=dict)
    began: float | None = None
    delayed: float | None = None

    @cached_property
    def life(self) -> float:
        """But for starting."""
        return sum(spent for part, spent in self.seconds.items() if part != "starting")

    @property
    def end(self) -> float | None:
        """When it had ended, in seconds since 1970; None where that isn't known."""
        return None if self.began is None else self.began + sum(self.seconds.values())

    def of(self, kind: str) -> float:
        """Its seconds of a kind: busy, waiting, queued, blocked."""
        return sum(self.seconds.get(part, 0.0) for part in KINDS[kind])

    def share(self, kind: str) -> float:
        return self.of(kind) / self.life if self.life else 0.0


@dataclass(frozen=True, eq=False)
class Stage:
    """The instances of a stage."""

    number: int
    pes: tuple[str, ...]
    instances: tuple[Instance, ...]
    timed: Mapping[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The PE, or the stage of several."""
        if len(self.pes) == 1:
            return self.pes[0]
        shown = self.pes if len(self.pes) <= 4 else (*self.pes[:2], "...", self.pes[-1])
        return f"stage {self.number} ({' > '.join(shown)})"

    @cached_property
    def busy(self) -> float:
        """Seconds, of all instances."""
        return sum(each.of("busy") for each in self.instances)

    def share(self, kind: str) -> float:
        """Of the life of its instances, all together."""
        life = sum(each.life for each in self.instances)
        return sum(each.of(kind) for each in self.instances) / life if life else 0.0

    def part(self, *parts: str) -> float:
        """Seconds of some parts, of all instances."""
        return sum(each.seconds.get(part, 0.0) for each in self.instances for part in parts)

    @cached_property
    def inside(self) -> dict[str, float]:
        """The share of its PEs in its work, all together 1: as timed where the run was to time it, else as often as
        they were seen at work; none where that is too seldom to say."""
        if self.timed:
            return dict(self.timed)
        seen: Counter[str] = Counter()
        for each in self.instances:
            seen.update(each.within)
        total = sum(seen.values())
        return {pe: seen[pe] / total for pe in self.pes} if total >= _SEEN else {}

    @property
    def cpu(self) -> float | None:
        """CPU seconds of all instances; None where they aren't known of each."""
        found = [each.cpu for each in self.instances if each.cpu is not None]
        return sum(found) if len(found) == len(self.instances) else None

    @property
    def delayed(self) -> float:
        """Seconds for which its instances could have worked and no core was free, as far as that is known."""
        return sum(each.delayed or 0.0 for each in self.instances)

    @cached_property
    def busiest(self) -> Instance:
        return max(self.instances, key=lambda each: each.of("busy"))

    @cached_property
    def skew(self) -> float:
        """How many times as long the busiest instance was busy as the others on average; 1 where there are none."""
        if len(self.instances) < 2:
            return 1.0
        others = mean(each.of("busy") for each in self.instances if each is not self.busiest)
        return self.busiest.of("busy") / max(others, 1e-3)

    def least(self, width: int) -> float:
        """Seconds that the stage takes at least, however little keeps it: as long as its busiest instance, and as all
        of them together take on so many cores."""
        return max(self.busiest.of("busy"), self.busy / min(width, len(self.instances)))


class Shares:
    """The figures of a run by stage.

    Attributes:
        stages: in the order of the plan; none where the record has no figures.
        seconds: that the run took, and `moving` those for which items moved.
    """

    def __init__(self, run: Run) -> None:
        plan, summary = run.plan, run.summary
        pes = {stage["number"]: tuple(stage["pes"]) for stage in plan.get("stages", ())}
        found: dict[int, list[Instance]] = {}
        names: dict[int, tuple[str, ...]] = {}
        for each in summary.get("instances", ()):
            number = each["stage"]
            names[number] = pes.get(number) or tuple(name for name in each["received"] if "." not in name)
            found.setdefault(number, []).append(Instance(
                each["instance"], each["seconds"], sum(each["received"].get(name, 0) for name in names[number]),
                each.get("cpu"), each.get("peak"), str(each.get("host")), each.get("process"), each.get("within", {}),
                each.get("began"), each.get("delayed")))
        timed = {each["stage"]: {pe: of["share"] for pe, of in each["pes"].items()}
                 for each in summary.get("profile", ())}
        self.stages = tuple(Stage(number, names[number], tuple(instances), timed.get(number, {}))
                            for number, instances in sorted(found.items()))
        self.seconds: float = summary.get("seconds", 0.0)
        self.phases: Counter[str] = Counter()
        for phase in summary.get("phases", ()):
            self.phases[phase["what"]] += phase["seconds"]
        self.moving = self.phases.get("running", 0.0)
        self.width: int = run.about.get("width") or max((len(stage.instances) for stage in self.stages), default=1)
        self.edges: dict[str, dict[str, Any]] = summary.get("edges", {})
        self.spark: list[dict[str, Any]] = summary.get("spark", [])
        #: Whether stages run one after the other.
        self.staged = str(run.about.get("target")).startswith("spark")

    def behind(self, run: Run, stage: Stage) -> list[Stage]:
        """The stages that a stage sends to."""
        return self._near(run, stage, "from", "to")

    def before(self, run: Run, stage: Stage) -> list[Stage]:
        """The stages that send to a stage."""
        return self._near(run, stage, "to", "from")

    def _near(self, run: Run, stage: Stage, mine: str, its: str) -> list[Stage]:
        found = [self.stage_of(channel[its][0]) for channel in run.plan.get("channels", ())
                 if channel[mine][0] in stage.pes]  # fmt: skip
        return [each for each in dict.fromkeys(found) if each is not None and each is not stage]

    @cached_property
    def working(self) -> float:
        """Seconds of which a stage that limits the run takes most: those at which instances were there; where stages
        run one after the other, what these take at least, whenever the engine has their instances begin."""
        return sum(stage.least(self.width) for stage in self.stages) if self.staged else self.alive

    @cached_property
    def alive(self) -> float:
        """Seconds at which at least one instance was there: those for which items moved, but for what the engine needs
        for itself, between stages that run one after the other."""
        lives = []
        for each in (each for stage in self.stages for each in stage.instances):
            if each.began is None:
                return self.moving
            starting = each.seconds.get("starting", 0.0)
            lives.append((each.began + starting, each.began + starting + each.life))
        total, until = 0.0, float("-inf")
        for begin, end in sorted(lives):
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        return min(total, self.moving)

    def stage_of(self, pe: str) -> Stage | None:
        return next((stage for stage in self.stages if pe in stage.pes), None)

    @property
    def hosts(self) -> set[str]:
        """The machines that instances were on."""
        return {each.host for stage in self.stages for each in stage.instances}

    @property
    def starting(self) -> float:
        """Seconds before the engine was there."""
        return sum(spent for what, spent in self.phases.items() if what.startswith(("starting ", "trying ")))
