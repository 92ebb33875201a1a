"""What the operator gets to read: the run's last line, and `m2s deliveries list`."""

from __future__ import annotations

import re

from m2s_orchestration_tests.faults.repertoire.trial import State

LAST_LINE = re.compile(
    r"m2s: Not all of this occurrence's mail is out: (?P<counts>[^.]*)\.(?P<cause>.*)"
    r" `m2s deliveries list` names each\. (?P<remedy>.*)\s*",
)


def sentence(state: State) -> str:
    """The cause that the run's last line gives; empty if it gives none."""
    found = LAST_LINE.fullmatch(state.run.errors)
    return found["cause"].strip() if found else state.run.errors.removeprefix("m2s: ").strip()


def listed_reasons(listed: str) -> dict[str, str]:
    """Of each address in the list its state and reason, without the spaces that lines cost."""
    found: dict[str, str] = {}
    address = ""
    for line in listed.splitlines():
        cells = ["".join(cell.split()) for cell in line.strip("│").split("│")]
        if len(cells) != 7:
            continue
        if cells[0]:
            address = cells[4]
            found[address] = ""
        elif cells[4]:
            # A long address goes on in the next line.
            found[address + cells[4]] = found.pop(address)
            address += cells[4]
        found[address] += cells[5] + cells[6]
    return found
