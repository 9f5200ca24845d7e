"""Which lines of a launcher's are its notices of an end, by the texts of Open MPI 5 and 4, and of MPICH."""

from __future__ import annotations

import pytest

from d4p_compile.launch.notices import Notices

DASHES, EQUALS = "-" * 74, "=" * 83
ABORT = f"""{DASHES}
MPI_ABORT was invoked on rank 0 in communicator MPI COMM 3 DUP FROM 0
  Proc: [[38902,1],0]
  Errorcode: 1

NOTE: invoking MPI_ABORT causes Open MPI to kill all MPI processes.
{DASHES}
"""
CALLING = f"""{DASHES}
prterun has exited due to process rank 0 with PID 0 on node vm calling
"abort". This may have caused other processes in the application to be
{DASHES}
"""
STATUS = f"""{DASHES}
prterun detected that one or more processes exited with non-zero status,
thus causing the job to be terminated. The first process to do so was:

   Exit code:    2
{DASHES}
"""
PRIMARY = f"""{"-" * 55}
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
{"-" * 55}
"""
BAD = f"""{EQUALS}
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   PID 12345 RUNNING AT vm
=   EXIT CODE: 9
{EQUALS}
YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)
This typically refers to a problem with your application.
Please see the FAQ page for debugging suggestions
"""


@pytest.mark.parametrize("notice", [ABORT + CALLING, STATUS, PRIMARY + STATUS, BAD,
                                    "application called MPI_Abort(comm=0x84000002, 1) - process 0\n"])
def test_notices_are_kept_back_and_nothing_else_is(notice):
    others = [f"{DASHES}\n", "a table of mine\n", f"{DASHES}\n", f"{EQUALS}\n", "failed: it\n", "\n", f"{DASHES}\n"]
    notices = Notices()
    passed = b"".join(notices.take(line.encode()) for line in [*others[:-2], *notice.splitlines(True), *others[-2:]])
    assert (passed + notices.rest()).decode() == "".join(others)
    assert notices.kept.decode() == notice


def test_other_blocks_of_a_launcher_are_passed_on():
    block = f"{DASHES}\nThere are not enough slots available in the system\n{DASHES}\n"
    notices = Notices()
    passed = b"".join(notices.take(line.encode()) for line in block.splitlines(True)) + notices.rest()
    assert passed.decode() == block and not notices.kept
