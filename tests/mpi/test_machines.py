"""Ranks on several machines: they hear of a failure by TCP, and Open MPI takes a connection that closes for its own.

Two machines are had by a stand-in for ssh, which runs here what it is to run there: each has ranks of its own, which
reach those of the other by TCP alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import d4p_compile

from ..chaos.programs import until
from .starting import mpiexec, session, started

SSH = """#!/bin/sh
while case $1 in -*) true;; *) false;; esac; do shift; done
shift
exec /bin/sh -c "$*"
"""
#: The machines are one, so that ranks could share memory, and tests are told not to use a network.
BY_TCP = {"OMPI_MCA_btl": "tcp,self"}


@pytest.fixture
def two_machines(tmp_path: Path) -> list[str]:
    """The command that starts four ranks on two machines."""
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    launcher, *_ = mpiexec(4)
    return [launcher, "--prtemca", "plm_ssh_agent", str(ssh), "-H", "one:2,two:2", "-n", "4"]


WORKFLOW = """
from d4p import IterativePE, ProducerPE, WorkflowGraph


class Many(ProducerPE):
    def _process(self, inputs):
        for i in range(100):
            self.write("output", i)


class Bad(IterativePE):
    numprocesses = 2

    def _process(self, item):
        if item == 37:
            raise ValueError("37 is bad")
        return item


graph = WorkflowGraph()
graph.connect(Many(), "output", Bad(), "input")
"""


def test_a_pe_that_raises_says_so_and_mpi_nothing_of_connections(two_machines, tmp_path):
    """The ranks that have nothing to do wait in MPI, which is where it finds a connection closed."""
    (tmp_path / "fails.py").write_text(WORKFLOW)
    made = d4p_compile.compile(tmp_path / "fails.py", "mpi", 4, output=tmp_path / "bundle")
    for _ in range(3):
        with started(*two_machines, sys.executable, str(made.script), "--output", str(tmp_path / "out"),
                     cwd=tmp_path, env=BY_TCP) as program:
            _, err = program.communicate(timeout=60)
            assert program.returncode == 1, err
            assert err.count("failed: Bad (Bad), instance ") == 1 and "ValueError: 37 is bad" in err, err
            assert "***" not in err and "MPI_ERR" not in err and "PMIX ERROR" not in err, err
            until(lambda: session(program.pid) == [], 2)
            assert not (tmp_path / "out").exists()
