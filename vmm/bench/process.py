# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a program, measured from outside.

What is compared is processor time, user and system, of the whole process with
all its threads (getrusage(2) of the child, by wait4): it does not depend on
who else uses the host's processors, as the time on the clock would.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished run; times in seconds.

    ``peak_rss`` is the kernel's: at least the resident memory of the process that
    started it, as a child begins in its parent's memory.
    """

    output: bytes  # standard output: the guest's console
    errors: bytes  # standard error: what the program itself says
    status: int
    cpu: float
    elapsed: float
    first_output: float | None  # on the clock, from the start of the process
    peak_rss: int  # bytes
    timed_out: bool = False


def measure(command: Sequence[str], timeout: float) -> Sample:
    """Run ``command`` with an empty standard input; end it after ``timeout`` seconds.

    Python keeps its modules compiled there, as it does unless a build or test environment
    forbids it: reading their source at each start is not what is to be measured.
    """
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.monotonic()
    with tempfile.TemporaryFile() as errors, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        env=environment,
    ) as process:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        output = bytearray()
        first: float | None = None
        timed_out = False
        while True:
            left = started + timeout - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                timed_out = True
                process.kill()
                break
            data = os.read(descriptor, 65536)
            if not data:
                break
            if first is None:
                first = time.monotonic() - started
            output += data
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        complaint = errors.read()
    return Sample(
        bytes(output), complaint, process.returncode, usage.ru_utime + usage.ru_stime,
        time.monotonic() - started, first, usage.ru_maxrss * 1024, timed_out,
    )
