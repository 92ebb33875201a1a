"""What an address is to us: how it is compared, checked, shown in logs and put on the wire."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from types import ModuleType

from m2s_orchestration.errors import BadAddress

# What nearly every address is. The library takes all of these as they stand as well, and many times
# as long for each; and its import is a tenth of what a run costs beside Dagster.
PLAIN = re.compile(
    r"(?=[^@]{1,64}@.{4,63}\Z)"
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
    r"@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+(?!(?i:invalid)\Z)[A-Za-z]{2,}"
)
BIDIRECTIONAL_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SHOWN_DOMAIN = 64
# A run asks after each of its readers several times, from the decision to the wire.
REMEMBERED = 10_000


def normalise(address: str) -> str:
    """The form in which addresses are compared; never mailed."""
    return unicodedata.normalize("NFC", address.strip()).casefold()


@lru_cache(maxsize=REMEMBERED)
def check(address: str) -> str:
    """The address as it is mailed: trimmed, otherwise as it stands.

    Raises BadAddress with the reason; the message shows the address masked.
    """
    trimmed = address.strip()
    _wire_domain(trimmed)
    return trimmed


def mask(address: str) -> str:
    """The address for logs and pages: `j***@example.org`."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return "***"
    first = local[:1] if local[:1].isprintable() else ""
    shown = re.sub(r"[^\w.-]", "?", domain)[:SHOWN_DOMAIN]
    return f"{first}***@{shown}"


@lru_cache(maxsize=REMEMBERED)
def on_the_wire(address: str) -> str:
    """The address as the server and the header get it: the domain as A-labels (`xn--…`).

    Raises BadAddress as `check` does.
    """
    trimmed = address.strip()
    return f"{trimmed.rpartition('@')[0]}@{_wire_domain(trimmed)}"


def domain_on_the_wire(domain: str) -> str:
    """A domain as A-labels. Raises BadAddress if it is none."""
    return on_the_wire(f"postmaster@{domain}").rpartition("@")[2]


def _wire_domain(trimmed: str) -> str:
    """The address's domain as A-labels. Raises BadAddress if this is no address."""
    domain = trimmed.rpartition("@")[2]
    if PLAIN.fullmatch(trimmed):
        return domain
    fault = _plain_fault(trimmed)
    if fault:
        raise BadAddress(fault if not trimmed else f"{mask(trimmed)}: {fault}")
    library = _library()
    try:
        parsed = library.validate_email(
            trimmed, check_deliverability=False, allow_quoted_local=True, strict=True
        )
    except library.EmailNotValidError as error:
        raise BadAddress(f"{mask(trimmed)}: not a valid address: {error}") from None
    return domain if domain.isascii() else str(parsed.ascii_domain)


@cache
def _library() -> ModuleType:
    import email_validator

    # Its own way to allow names such as .test and .local, where a club's server may well take
    # mail. Only .invalid exists nowhere.
    email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = ["invalid"]
    return email_validator


def _plain_fault(trimmed: str) -> str:
    """What the library would say less plainly, or not at all."""
    if not trimmed:
        return "the address is blank"
    if not trimmed.isprintable():
        if any(unicodedata.category(letter) == "Cc" for letter in trimmed):
            return "the address contains control characters"
        if any(letter in BIDIRECTIONAL_OVERRIDES for letter in trimmed):
            return "the address contains characters that turn the direction of writing"
    if not trimmed.startswith('"') and re.search(r"@.*[\s,;].*@", trimmed):
        return "several addresses in one field: keep one of them"
    if "=?" in trimmed:
        return "the address contains an encoded word"
    return ""
