"""A process that forks a program for each line that it is asked for, and has it end before one of its operations on the
file system: `python -m tests.unit.dying JOB`. It is small, so that forks of it take little."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from d4p.engines import sequential
from d4p.errors import Refused
from d4p.filesystems import Local, own
from d4p.outputs.store import Store
from d4p.program import main as program
from d4p.program.events import Events

from . import objects

ROOT = Path(__file__).parents[2]


@dataclass
class Dying:
    """Counts what is done to the file system and ends the process before one of the operations; with `half` only files
    that are written count, and it ends in the middle of one."""

    left: int
    half: bool

    def patch(self) -> None:
        if self.half:
            write = Store.write
            Store.write = lambda store, path, content, **more: self.count(
                lambda: write(store, path, content[: len(content) // 2])) or write(store, path, content, **more)
            return
        names = [(Local, name) for name in ("open", "append", "rename", "rm", "makedirs", "create")]
        for cls, name in (*names, (own, "_remove"), (objects.Objects, "put_object"), (objects.Objects, "rm_file")):
            setattr(cls, name, self.counted(getattr(cls, name)))

    def counted(self, call):
        def counted(*arguments, **more):
            if call is not Local.open or "w" in (*arguments, *more.values()):
                self.count()
            return call(*arguments, **more)

        return counted

    def count(self, halfway=lambda: None) -> None:
        self.left -= 1
        if self.left == 0:
            halfway()
            os._exit(9)


class Programs:
    """The process that forks programs. Ends with `close`."""

    def __init__(self, job: Path) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", __name__, str(job)], cwd=ROOT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def run(self, folder: Path, *options: str, dying: Dying | None = None) -> int:
        """One program in a folder: 0 done, 2 refused, 9 killed."""
        print(json.dumps([str(folder), options, asdict(dying) if dying else None]), file=self._process.stdin,
              flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        assert self._process.wait(timeout=30) == 0
        self._process.stdout.close()


def main() -> None:
    job = Path(sys.argv[1])
    sys.path.insert(0, str(job.parent))  # as Python does for a script
    names = {"__name__": "a_compiled_program", "__file__": str(job)}
    exec(compile(job.read_text(), str(job), "exec"), names)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(names, *json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(names: dict, folder: str, options: list[str], dying: dict | None) -> None:
    status = 8
    signal.alarm(60)  # one that doesn't end fails
    try:
        os.chdir(folder)
        sys.stdout = open(os.devnull, "w")
        os.fsync = lambda number: None  # no power is cut here
        if dying:
            Dying(**dying).patch()
        objects.at("")
        arguments = program.parser("").parse_args(["--output", f"{os.environ['WHERE']}results", *options])
        program.run(names["main"], names["workflow"], sequential.ENGINE, arguments, Events())
        status = 0
    except Refused:
        status = 2
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
