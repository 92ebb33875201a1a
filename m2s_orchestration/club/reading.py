"""Reads the club from its database, and refuses to go on where its settings make no sense."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from m2s_orchestration.club.club import Club, Sender
from m2s_orchestration.club.member import Member
from m2s_orchestration.errors import BadAddress, BadSettings, NoActiveStatus, UnknownTimeZone
from m2s_orchestration.mail import addresses
from m2s_orchestration.postgres import Connection, statements
from m2s_orchestration.settings import Settings

SQL = statements(__package__, "club.sql")

HOST = re.compile(r"[\w.:-]+")
# What may stand in a URL as it is, besides letters and digits (RFC 3986).
URL = ":/?#[]@!$&'()*+,;=%"
# A List-Id has the notification's name before it and may have 255 letters.
LONGEST_DOMAIN = 200

DEFAULT_TITLES = {
    "duty_officer": "Duty Officer",
    "assistant_duty_officer": "Assistant Duty Officer",
    "towpilot": "Tow Pilot",
    "surge_towpilot": "Surge Tow Pilot",
    "instructor": "Instructor",
    "surge_instructor": "Surge Instructor",
    "commercial_pilot": "Commercial Pilot",
}


@dataclass(frozen=True)
class Configuration:
    """The row of `siteconfig_siteconfiguration`; the defaults are those of a club without one."""

    club_name: str = "Soaring Club"
    domain_name: str = ""
    canonical_url: str = ""
    club_logo: str | None = None
    club_timezone: str = ""
    duty_officer_title: str = ""
    assistant_duty_officer_title: str = ""
    towpilot_title: str = ""
    surge_towpilot_title: str = ""
    instructor_title: str = ""
    surge_instructor_title: str = ""
    commercial_pilot_title: str = ""


def read_club(connection: Connection, settings: Settings) -> Club:
    """The club with everybody in it. Raises UnknownTimeZone, NoActiveStatus or BadSettings."""
    members = SQL["members"].fetch(connection, Member)
    return replace(read_site(connection, settings), members=_by_id(members))


def read_members(connection: Connection, ids: Iterable[int]) -> Mapping[int, Member]:
    """The members with these ids, by id."""
    return _by_id(SQL["members_named"].fetch(connection, Member, ids=list(ids)))


def read_zone(connection: Connection) -> ZoneInfo:
    """The club's time zone. Raises UnknownTimeZone."""
    return _zone(_configuration(connection).club_timezone)


def read_site(connection: Connection, settings: Settings) -> Club:
    """The club without its members. Raises UnknownTimeZone, NoActiveStatus or BadSettings."""
    configuration = _configuration(connection)
    zone = _zone(configuration.club_timezone)
    active = frozenset(name for (name,) in SQL["active_statuses"].run(connection))
    if not active:
        raise NoActiveStatus(
            "No row of siteconfig_membershipstatus has is_active set, so nobody could be told"
            " anything: mark the statuses of active members in the site's configuration."
        )
    _check_addresses(settings)
    origin = canonical_origin(configuration, settings)
    return Club(
        name=configuration.club_name.strip() or Configuration.club_name,
        zone=zone,
        domain=configuration.domain_name,
        origin=origin,
        logo_url=_logo_url(configuration.club_logo, origin, settings.media_url),
        sender=_sender(configuration, settings),
        titles=_titles(configuration),
        active_statuses=active,
        members={},
        mailing_list=_mailing_list(configuration, settings),
        operators=settings.operators_email,
    )


def _by_id(members: Iterable[Member]) -> Mapping[int, Member]:
    return {member.id: member for member in members}


def _configuration(connection: Connection) -> Configuration:
    found = SQL["configuration"].fetch(connection, Configuration)
    return found[0] if found else Configuration()


def _zone(name: str) -> ZoneInfo:
    wanted = name.strip() or "UTC"
    try:
        return ZoneInfo(wanted)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimeZone(
            f"siteconfig_siteconfiguration.club_timezone is {name!r}, which is not a time zone:"
            " set it to a name such as America/New_York."
        ) from error


def _titles(configuration: Configuration) -> Mapping[str, str]:
    own = {role: getattr(configuration, f"{role}_title").strip() for role in DEFAULT_TITLES}
    return {role: own[role] or default for role, default in DEFAULT_TITLES.items()}


def _sender(configuration: Configuration, settings: Settings) -> Sender:
    address = _own_address(settings)
    source = "DEFAULT_FROM_EMAIL" if address else "the site's domain_name"
    domain = address.rpartition("@")[2] or configuration.domain_name.strip()
    if not _is_domain(domain):
        raise BadSettings(
            f"DEFAULT_FROM_EMAIL is {settings.default_from or ''!r} and the site's domain_name is"
            f" {configuration.domain_name!r}: neither gives a domain to send from. Set"
            " DEFAULT_FROM_EMAIL to an address of the club's domain."
        )
    sender = _checked(source, f"noreply@{domain}")
    length = len(addresses.domain_on_the_wire(domain))
    if length > LONGEST_DOMAIN:
        raise BadSettings(
            f"{source} gives a domain of {length} letters, and mail can be sent from one of up to"
            f" {LONGEST_DOMAIN}: name a shorter one."
        )
    return Sender(address=sender, reply_to=address if address not in {"", sender} else None)


def _own_address(settings: Settings) -> str:
    """The club's address; empty where DEFAULT_FROM_EMAIL gives none with a full domain."""
    address = _address(settings.default_from or "")
    if "." not in address.rpartition("@")[2] or "@" not in address:
        return ""
    _checked("DEFAULT_FROM_EMAIL", address)
    if not address.rpartition("@")[0].isascii():
        # It is in the header of every mail, and every server on the way would have to take it.
        raise BadSettings(
            f"DEFAULT_FROM_EMAIL gives {addresses.mask(address)}, which has letters that are not"
            " ASCII before the @, and many mail servers take no such mail: name another address."
        )
    return address


def _check_addresses(settings: Settings) -> None:
    """A fault of our own address is nobody else's: it is told before anything is decided."""
    for address in settings.redirect_to:
        _checked("EMAIL_DEV_MODE_REDIRECT_TO", address)
    if settings.operators_email:
        _checked("OPERATORS_EMAIL", settings.operators_email)


def _checked(variable: str, address: str) -> str:
    try:
        return addresses.check(address)
    except BadAddress as error:
        raise BadSettings(f"{variable} gives no address to use ({error}): correct it.") from error


def _address(text: str) -> str:
    """The address of `Name <address>` or of an address alone.

    Not by the standard's grammar: to it a comma in a name (High Meadow Soaring, Inc.) makes two
    addresses, and a blank in a domain is none.
    """
    return text.rpartition("<")[2].strip().removesuffix(">").strip()


def _is_domain(text: str) -> bool:
    return bool(text) and "." in text.strip(".") and not any(mark in text for mark in " \t\r\n/@")


def _mailing_list(configuration: Configuration, settings: Settings) -> str | None:
    named = _address(settings.members_mailing_list or "")
    if "@" in named:
        return named
    domain = configuration.domain_name.strip()
    return f"members@{domain}" if _is_domain(domain) else None


def canonical_origin(configuration: Configuration, settings: Settings) -> str:
    """scheme://host of the club's site: its canonical address, else SITE_URL, else its domain."""
    site = _origin(settings.site_url or "")
    domain = _origin(configuration.domain_name)
    for candidate in (_origin(configuration.canonical_url), site):
        if candidate and not _is_loopback(candidate):
            return candidate
    if domain:
        return domain
    if site:
        return site
    raise BadSettings(
        "Neither the site's canonical_url and domain_name nor SITE_URL says where the club's pages"
        " are, and every mail links to one: set SITE_URL, such as https://www.example.org."
    )


def _origin(text: str) -> str | None:
    wanted = text.strip()
    # urlsplit drops line ends, which makes another host, and reads a backslash as no browser does.
    if not wanted or re.search(r"[\s\\]", wanted):
        return None
    try:
        parts = urlsplit(wanted if "://" in wanted else f"https://{wanted}")
        host = parts.hostname
    except ValueError:
        return None
    if not HOST.fullmatch(host or "") or parts.scheme.lower() not in {"http", "https"}:
        return None
    shown = f"[{host}]" if ":" in str(host) else host
    return f"{parts.scheme.lower()}://{shown}{_port(parts.netloc)}"


def _port(netloc: str) -> str:
    named = re.search(r":([0-9]{1,5})$", netloc)
    return named[0] if named and 0 < int(named[1]) < 65536 else ""


def _is_loopback(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _logo_url(logo: str | None, origin: str, media_url: str | None) -> str | None:
    """Where the logo is; None if it is nowhere on the web, for no mail is to wait for a picture."""
    wanted = (logo or "").strip()
    if not wanted:
        return None
    if re.match(r"https?:", wanted, re.IGNORECASE):
        return quote(wanted, safe=URL) if _origin(wanted) else None
    base = media_url or "/media/"
    if base.startswith("//"):
        base = f"https:{base}"
    base = base if urlsplit(base).scheme else f"{origin}/{base.strip('/')}"
    return f"{base.rstrip('/')}/{quote(wanted.lstrip('/'))}"
