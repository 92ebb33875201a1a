"""Runs a command and tells what it took, from a process that is itself small.

`python -m benchmarks.launcher FILE COMMAND …` sends what the command says to the file, prints
seconds, processor seconds and megabytes, and ends with its exit status. Linux counts to the most
memory that a process had what its parent had when it started it, which would be a benchmark's own.
"""

import os
import subprocess
import sys
import time
from pathlib import Path


def launched(file: str, command: list[str]) -> tuple[int, tuple[float, float, float]]:
    """The command's exit status, its seconds, its processor's, and its MB at its highest."""
    with Path(file).open("w", encoding="utf-8") as told:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=told, stderr=told)
        ended, used = os.wait4(process.pid, 0)[1:]
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(ended)
    return process.returncode, (seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    status, taken = launched(sys.argv[1], sys.argv[2:])
    print(*taken)
    sys.exit(status)
