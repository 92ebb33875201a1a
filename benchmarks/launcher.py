"""Runs a command and tells what it took, from a process that is itself small.

`python -m benchmarks.launcher FILE COMMAND …` sends what the command says to the file, prints
seconds, processor seconds and megabytes, and ends with its exit status. Linux counts to the most
memory that a process had what its parent had when it started it, which would be a benchmark's own.
"""

import os
import subprocess
import sys
import time


def launched(file: str, command: list[str]) -> tuple[int, tuple[float, float, float]]:
    """The command's exit status, its seconds, its processor's, and its MB at its highest."""
    with open(file, "w") as told:  # noqa: PTH123 - pathlib would make this process larger
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=told, stderr=told)
        ended, used = os.wait4(process.pid, 0)[1:]
        seconds = time.perf_counter() - began
    taken = (seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    return os.waitstatus_to_exitcode(ended), taken


if __name__ == "__main__":
    status, taken = launched(sys.argv[1], sys.argv[2:])
    print(*taken)
    sys.exit(status)
