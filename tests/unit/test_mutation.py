"""The tool that puts faults in: what it puts in, what it says of tests, and that it leaves the checkout alone."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.mutation.areas import AREAS
from tests.mutation.faults import faults

ROOT = Path(__file__).resolve().parents[2]
CODE = '''"""A docstring."""
from typing import Any

LIMIT: int = 3


def most(numbers: list, *, strict=False) -> Any:
    """Another."""
    for n in numbers:
        if n < LIMIT and not strict:
            continue
        if n == 7 and str(n) in "74":
            raise ValueError(f"{n + 1} is " "too much")
        return pow(n, n) + 0.0
'''
CHANGES = {
    "LIMIT: int = (4)", "LIMIT: int = (2)", "strict=(True)", "if (not (n < LIMIT and (not strict))):", "n <= LIMIT",
    "n < LIMIT or not strict", "if (n < LIMIT):", "if (not strict):", "if n < LIMIT and (strict):",
    "            pass", "            break", "if (not (n == 7 and str(n) in '74')):", "(n != 7) and",
    "n == (8)", "n == (6)", "in ('7')", "(str(n) not in '74')", "if (str(n) in '74'):",
    "raise BufferError()", "return None", "pow(n, n) + (1.0)",
}  # fmt: skip
#: A module of an environment within the checkout; as numpy, it can't be imported anew.
ONCE = "import sys\nassert not hasattr(sys, 'imported'), 'imported twice'\nsys.imported = True\n"
TESTS = '''import once
from code_of import size, slow


def test_size():
    assert size(1) == "small" and size(11) == "large"


def test_slow():
    assert slow(3) == 0
'''
TRIED = '''def size(n):
    if n > 10:
        return "large"
    return "small"


def slow(n):
    while n:
        n -= 1
    return n
'''


def test_what_is_put_in():
    source = CODE.encode()
    found = faults("code.py", source)
    texts = [fault.put_into(source).decode() for fault in found]
    lines = CODE.splitlines()
    for text in texts:
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(CODE)), "the same program"
        assert '"""A docstring."""' in text and '"""Another."""' in text
        assert "too much~" not in text and "74~" not in text
    for change in CHANGES:
        assert any(line != old and change in line for text in texts
                   for old, line in zip(lines, text.splitlines(), strict=False)), change
    assert [(fault.start, fault.line) for fault in found] == sorted((fault.start, fault.line) for fault in found)


@pytest.mark.parametrize("area", AREAS)
def test_each_area_has_code_and_tests(area):
    sources, tests = AREAS[area].sources(ROOT), AREAS[area].test_files(ROOT)
    assert sources and tests
    source = (ROOT / sources[-1]).read_bytes()
    for fault in faults(sources[-1], source)[:40]:
        assert fault.put_into(source) != source
        compile(fault.put_into(source), fault.path, "exec")


def lives(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process that is killed takes no other along here")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_fork_behind(how, tmp_path):
    for name, text in {"runtime/code_of.py": "n = 1\n", "pytest.ini": "[pytest]\npythonpath = runtime\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_code.py").write_text(
        f"import os, time\ndef test_code():\n    with open({str(tmp_path / 'new')!r}, 'w') as file:\n"
        f"        file.write(str(os.getpid()))\n    os.rename({str(tmp_path / 'new')!r}, {str(tmp_path / 'pid')!r})\n"
        "    time.sleep(600)\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, timeout=20)
    program = (
        "import signal, sys\nfrom pathlib import Path\nfrom tests.mutation import trial\n"
        "from tests.mutation.areas import Area\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        f"root, area = Path({str(tmp_path)!r}), Area(('runtime/code_of.py',), ('tests/test_*.py',))\n"
        "list(trial.try_area(root, area, [], 1, print))\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        until = time.monotonic() + 60
        while not (tmp_path / "pid").exists():
            assert run.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        fork = int((tmp_path / "pid").read_text())
        assert lives(fork)
        run.send_signal(how)
        assert run.wait(30) in (143, -9)
        while lives(fork):
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        run.kill()
        run.wait(30)


def _checkout(folder: Path, written: dict[str, str]) -> None:
    """Make a checkout of these files, by name."""
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True, timeout=20)


def test_a_weak_test_lets_a_fault_pass_and_an_endless_one_is_ended(tmp_path):
    written = {"runtime/code_of.py": TRIED, "tests/test_code.py": TESTS, ".venv/once.py": ONCE,
               "pytest.ini": "[pytest]\npythonpath = runtime\n", ".gitignore": ".venv/\n"}  # fmt: skip
    _checkout(tmp_path, written)
    program = (
        "from pathlib import Path\nfrom tests.mutation import trial\nfrom tests.mutation.areas import Area\n"
        f"root, area = Path({str(tmp_path)!r}), Area(('runtime/code_of.py',), ('tests/test_*.py',))\n"
        "trial.AT_LEAST = 4\nchosen = trial.choose(root, area, None, '')\n"
        "chosen = [fault for fault in chosen if fault.line == 2 or fault.kind == 'statement deleted']\n"
        "for outcome in trial.try_area(root, area, chosen, 2, print):\n"
        "    fault = outcome.fault\n    print(fault.line, fault.kind, fault.new, '->', outcome.noticed)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(tmp_path / ".venv")})  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert [line for line in said if line.endswith("-> None")] == [
        "2 comparison (n >= 10) -> None", "2 off by one (9) -> None"], done.stdout  # fmt: skip
    assert "2 condition turned round (not n > 10) -> tests/test_code.py::test_size" in said
    assert "9 statement deleted pass -> time" in said
    assert (tmp_path / "runtime/code_of.py").read_text() == TRIED and not list(tmp_path.glob("[rt]*/**/*.pyc"))


def test_tests_that_fail_without_a_fault_in_a_fork_of_a_warm_process_notice_nothing(tmp_path):
    written = {"runtime/code_of.py": "n = 1\n", "pytest.ini": "[pytest]\npythonpath = runtime\n",
               "tests/test_code.py": f"import os\ndef test_code():\n    os.mkdir({str(tmp_path / 'once')!r})\n"}
    _checkout(tmp_path, written)
    program = (
        "from pathlib import Path\nfrom tests.mutation import trial\nfrom tests.mutation.areas import Area\n"
        f"root, area = Path({str(tmp_path)!r}), Area(('runtime/code_of.py',), ('tests/test_*.py',))\n"
        "print(list(trial.try_area(root, area, trial.choose(root, area, None, ''), 1, print)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == "", done.stdout
    assert "without a fault there fails tests/test_code.py::test_code" in done.stderr
