"""A run that is interrupted at any call of what prepares it ends as interrupted, and leaves nothing."""

import json
import subprocess
import sys
import textwrap

import d4p_compile

WORKFLOW = """
from d4p import GenericPE, WorkflowGraph

class Stops(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("output")

    def process(self, inputs):
        raise KeyboardInterrupt

graph = WorkflowGraph()
graph.add(Stops())
"""

#: Runs a program in a fork for each of some calls within ours, and raises there, as Python does when a
#: signal has come.
DRIVER = """
import json, os, runpy, shutil, sys

program, folder, points = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, os.path.join(os.path.dirname(program), "d4p.zip"))
import d4p.program.main, d4p.program.recorder, d4p.commit.run, d4p.commit.identity, d4p.engines.sequential
from d4p.errors import Interrupted

OURS = ("d4p/commit/", "d4p/record/", "d4p/program/main.py", "d4p/program/recorder.py", "d4p/program/events.py")

def run(at):
    seen, begun, over = 0, False, False

    def trace(frame, event, argument):
        nonlocal seen, begun, over
        code = frame.f_code
        over = over or code.co_filename.endswith("stops.py") and code.co_name == "process"
        begun = begun or code.co_name == "_run" and "program/main" in code.co_filename
        if begun and not over and any(each in code.co_filename for each in OURS):
            seen += 1
            if seen == at:
                sys.settrace(None)
                os.write(say, f" {code.co_filename} {frame.f_lineno} {code.co_name}".encode())
                raise Interrupted

    told, say = os.pipe()
    child = os.fork()
    if not child:
        sys.argv = [program, "--output", os.path.join(folder, "out"), "-i", "1"]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 0
        sys.settrace(trace)
        try:
            runpy.run_path(program, run_name="__main__")
        except SystemExit as end:
            status = end.code
        except BaseException as error:
            import traceback
            traceback.print_exc()
            status = 99
        finally:
            sys.settrace(None)
            os.write(say, str(seen).encode() if at < 0 else b"")
            os._exit(status or 0)
    os.close(say)
    where = os.read(told, 200).decode()
    os.close(told)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = sorted(os.listdir(folder))
    for name in left:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    return where, status, left


count, *first = run(-1)
count = int(count)
ends = {at: run(at) for at in range(1, count, max(1, count // points))}
print(json.dumps({"count": count, "whole": first, "ends": ends}))
"""


def test_nothing_is_left_and_it_is_said(tmp_path):
    (tmp_path / "stops.py").write_text(textwrap.dedent(WORKFLOW))
    (tmp_path / "driver.py").write_text(DRIVER)
    (tmp_path / "here").mkdir()
    bundle = d4p_compile.compile(str(tmp_path / "stops.py"), "sequential", output=tmp_path / "bundle")
    command = [sys.executable, str(tmp_path / "driver.py"), str(bundle.script), str(tmp_path / "here"), "40"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["count"] > 100
    assert said["whole"] == [1, []]  # its PE's own interrupt is a failure
    ends = [end for end in said["ends"].values() if end[0]]  # one that wasn't come to this time was not interrupted
    assert len(ends) > 30
    wrong = [end for end in ends if end[1:] != [130, []]]
    assert not wrong, done.stderr[-3000:]  # where, status, what is left
