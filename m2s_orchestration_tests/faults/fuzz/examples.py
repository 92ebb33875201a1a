"""Which examples are tried: those written down, and those that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from m2s_orchestration_tests.faults.fuzz import values as fuzz_values
from m2s_orchestration_tests.faults.fuzz.club import Cell, FuzzClub
from m2s_orchestration_tests.faults.fuzz.runs import NAMES, Example
from m2s_orchestration_tests.faults.fuzz.values import ADDRESSES, DEV_MODE, SETTINGS, TEXTS, Setting

# Those that send few mails: a setting concerns all of them alike.
SMALL = ("expire_ad_hoc_days", "report_duty_delinquents", "notify_aging_logsheets")
# Mails of nothing but such texts take long to read; in short they come mixed with others only.
LONG = 1000
DEVELOPER = Setting(DEV_MODE, "developer@example.org", "used")


def written_down(club: FuzzClub, readers: Sequence[Cell], *, full: bool) -> Iterator[Example]:
    """What is known to break programs: texts, addresses, settings."""
    yield from _with_texts(club, full=full)
    yield from _with_addresses(readers, full=full)
    names = cycle(SMALL)
    for setting in SETTINGS:
        chosen = NAMES if full else (next(names),)
        yield Example(f"a setting, {setting.fate}", {}, setting, notifications=chosen)


def _with_texts(club: FuzzClub, *, full: bool) -> Iterator[Example]:
    """Each text in every cell; and all of them at once, each in another place every time."""
    cells = [cell for cell in club.mark_of if not cell.is_address]
    names = cycle(NAMES)
    for name, text in TEXTS.items():
        if full:
            yield Example(name, dict.fromkeys(cells, text))
        elif len(text) < LONG:
            yield Example(name, dict.fromkeys(cells, text), notifications=(next(names),))
    visible = [text for text in TEXTS.values() if text.strip()]
    for shift in range(10 if full else 2):
        # Not by one: neighbours in a row would get neighbours in the list again.
        mixed = islice(cycle(visible), 7 * shift, None)
        yield Example(f"mixed texts {shift}", dict(zip(cells, mixed, strict=False)))


def _with_addresses(readers: Sequence[Cell], *, full: bool) -> Iterator[Example]:
    """Every address, each at as many readers as there are shifts."""
    for shift in range(0, len(ADDRESSES), len(readers) // 2 if full else len(readers)):
        shifted = islice(cycle(ADDRESSES), shift, shift + len(readers))
        addresses = dict(zip(readers, shifted, strict=True))
        variants = (
            Example(f"addresses {shift}", addresses),
            Example(f"addresses {shift}, seven bit", addresses, takes_utf8=False),
            Example(f"addresses {shift}, dev mode", addresses, DEVELOPER),
        )
        yield from variants if full else [variants[shift // len(readers) % 3]]


def made_up(club: FuzzClub, readers: Sequence[Cell], count: int, number: int) -> list[Example]:
    """So many examples from hypothesis; the same number gives the same."""
    texts = sorted(cell for cell in club.mark_of if not cell.is_address)
    found: list[Example] = []

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.dictionaries(st.sampled_from(texts), fuzz_values.texts, max_size=12),
        st.dictionaries(st.sampled_from(sorted(readers)), fuzz_values.addresses, max_size=6),
        # Most examples without one, for most settings that are made up are refused.
        st.integers(0, 3).flatmap(lambda of_four: st.none() if of_four else fuzz_values.settings),
        st.booleans(),
    )
    def collect(
        cells: dict[Cell, str],
        addresses: dict[Cell, str],
        setting: Setting | None,
        takes_utf8: bool,
    ) -> None:
        name = f"made up {number}/{len(found)}"
        found.append(Example(name, cells | addresses, setting, takes_utf8))

    collect()
    return found
