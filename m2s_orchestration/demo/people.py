"""The seventy-five members of the demo club."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import NamedTuple

from m2s_orchestration.demo.days import moment
from m2s_orchestration.demo.rows import Row

DOMAIN = "members.highmeadowsoaring.example"
INACTIVE = {"Inactive", "Non-Member", "Pending", "Role Account", "Deceased"}
FLAGS = (
    *("instructor", "towpilot", "duty_officer", "assistant_duty_officer", "secretary"),
    *("treasurer", "webmaster", "director", "member_manager", "rostermeister", "safety_officer"),
)


class Person(NamedTuple):
    """`flights` are those of the last twelve months that the member piloted on no special day.

    `email` is the part before the @, a whole address if it has one, or nothing at all.
    """

    id: int
    first: str
    last: str
    status: str
    joined: str | None
    flights: int
    roles: str = ""
    middle: str = ""
    nickname: str | None = None
    suffix: str | None = None
    email: str | None = None


PEOPLE = (
    Person(1, "Margaret", "Ellison", "Full Member", "1998-04-18", 18, roles="instructor director"),
    Person(
        2, "Thomas", "Whitaker", "Full Member", "2004-06-05", 12, roles="instructor", middle="J"
    ),
    Person(3, "Inés", "Núñez", "Full Member", "2011-03-19", 15, roles="instructor"),
    Person(4, "Robert", "Kowalski", "Full Member", "2002-05-11", 12, roles="instructor"),
    Person(5, "Helen", "Marsh", "Full Member", "2009-09-12", 9, roles="instructor"),
    Person(
        6, "Arthur", "Pemberton", "Full Member", "1991-07-20", 12, roles="instructor", suffix="III"
    ),
    Person(7, "Yuki", "Tanabe", "Full Member", "2015-04-25", 21, roles="instructor"),
    Person(8, "Douglas", "Reyes", "Full Member", "2013-08-03", 15, roles="instructor commercial"),
    Person(
        9,
        "Sean",
        "O'Brien",
        "Full Member",
        "2008-05-03",
        12,
        roles="towpilot",
        email="sean.o'brien",
    ),
    Person(
        10, "William", "Hargrove", "Full Member", "2001-06-16", 9, roles="towpilot", nickname="Bill"
    ),
    Person(11, "Laura", "Stern", "Full Member", "2016-05-21", 18, roles="towpilot commercial"),
    Person(12, "Peter", "Vandermeer", "Full Member", "2006-10-14", 12, roles="towpilot"),
    Person(
        13, "Gloria", "Okafor", "Full Member", "2014-06-28", 24, roles="towpilot safety_officer"
    ),
    Person(14, "Daniel", "Finch", "Full Member", "2017-04-08", 15, roles="towpilot"),
    Person(15, "Frank", "Castellano", "Full Member", "1999-08-21", 9, roles="towpilot"),
    Person(16, "Nora", "Lindgren", "Full Member", "2010-05-15", 21, roles="duty_officer"),
    Person(17, "Samuel", "Price", "Full Member", "2007-07-07", 18, roles="duty_officer"),
    Person(18, "Karen", "Albright", "Full Member", "2013-09-21", 12, roles="duty_officer"),
    Person(19, "Victor", "Sandoval", "Full Member", "2018-03-24", 24, roles="duty_officer"),
    Person(
        20, "Judith", "Crane", "Full Member", "2005-05-28", 9, roles="duty_officer rostermeister"
    ),
    Person(21, "Mark", "Thibodeau", "Full Member", "2012-10-06", 15, roles="duty_officer"),
    Person(22, "Alice", "Romero", "Full Member", "2019-06-15", 18, roles="duty_officer"),
    Person(
        23,
        "George",
        "Winslow",
        "Full Member",
        "1996-05-04",
        9,
        roles="duty_officer",
        middle="H",
        suffix="Jr.",
    ),
    Person(
        24, "Élodie", "Fournier", "Full Member", "2020-07-11", 15, roles="assistant_duty_officer"
    ),
    Person(25, "Kevin", "Murdoch", "Full Member", "2021-05-08", 21, roles="assistant_duty_officer"),
    Person(
        26,
        "Patricia",
        "Dunn",
        "Full Member",
        "2017-08-19",
        12,
        roles="assistant_duty_officer",
        nickname="Pat",
    ),
    Person(27, "Hugo", "Brandt", "Full Member", "2022-04-30", 18, roles="assistant_duty_officer"),
    Person(28, "Rachel", "Kim", "Full Member", "2023-06-10", 15, roles="assistant_duty_officer"),
    Person(
        29, "Owen", "Gallagher", "Full Member", "2022-09-17", 24, roles="assistant_duty_officer"
    ),
    Person(
        30, "Sofia", "Marchetti", "Full Member", "2024-03-16", 18, roles="assistant_duty_officer"
    ),
    Person(31, "Leonard", "Fisk", "Full Member", "2011-07-30", 12, roles="assistant_duty_officer"),
    Person(32, "Carl", "Jennings", "Full Member", "2010-04-24", 14),
    Person(33, "Diane", "Holloway", "Full Member", "2014-05-31", 11),
    Person(34, "Юлия", "Соколова", "Full Member", "2019-08-10", 9, email="julia.sokolova"),
    Person(35, "Martin", "Ashworth", "Full Member", "2003-06-21", 9, roles="director"),
    Person(36, "Brenda", "Castle", "Full Member", "2016-09-03", 8),
    Person(37, "Philip", "Nakamura", "Full Member", "2018-05-19", 8),
    Person(38, "Ruth", "Abernathy", "Full Member", "1995-07-15", 7, email=""),
    Person(39, "Steven", "Pruitt", "Full Member", "2020-06-27", 7),
    Person(40, "Angela", "Moreau", "Family Member", "2021-08-28", 6),
    Person(41, "Walter", "Hartmann", "Full Member", "2009-04-11", 6, email="hartmann"),
    Person(42, "Ingrid", "Hartmann", "Family Member", "2009-04-11", 5, email="Hartmann"),
    Person(43, "Joel", "Barnes", "Probationary Member", "2025-06-14", 5),
    Person(44, "Tessa", "Quinn", "Student Member", "2024-05-25", 5),
    Person(45, "Ravi", "Menon", "Student Member", "2024-09-07", 4),
    Person(46, "Claire", "Dubois", "Full Member", "2015-07-18", 4),
    Person(47, "Edwin", "Stokes", "Affiliate Member", None, 4),
    Person(48, "Megan", "Forsythe", "FAST Member", "2025-04-05", 4),
    Person(49, "Nathan", "Bloom", "Full Member", "2017-06-03", 3),
    Person(50, "Lydia", "Park", "Introductory Member", "2025-08-16", 3),
    Person(51, "Harold", "Simmons", "Full Member", "2000-05-20", 6, roles="treasurer"),
    Person(52, "Beatrice", "Langley", "Emeritus Member", "1979-06-09", 5),
    Person(53, "Tyler", "Boone", "Probationary Member", "2026-01-10", 6),
    Person(54, "Mia", "Lawson", "Student Member", "2025-12-01", 4),
    Person(55, "Gordon", "Pike", "Full Member", "2008-08-09", 2),
    Person(56, "Sylvia", "Novak", "Full Member", "2016-04-16", 2),
    Person(57, "Ahmed", "Rahimi", "Student Member", "2025-10-04", 2),
    Person(58, "Christopher", "Vance", "Full Member", "2011-09-10", 1, nickname="Kit"),
    Person(59, "Donna", "Whitfield", "Service Member", "2013-05-11", 0, roles="member_manager"),
    Person(60, "Eugene", "Lathrop", "Honorary Member", "1985-05-04", 2),
    Person(61, "Marion", "Keating", "Founding Member", "1974-04-27", 0),
    Person(62, "Paul", "Iverson", "Full Member", "2014-10-11", 0),
    Person(63, "Jessica", "Trent", "Family Member", "2018-07-21", 0, roles="member_manager"),
    Person(64, "Roland", "Beck", "Full Member", "2006-09-16", 0, roles="member_manager"),
    Person(65, "Amy", "Sutherland", "Full Member", "2019-05-04", 1, roles="secretary webmaster"),
    Person(66, "Dennis", "Cole", "Full Member", "2021-06-19", 0),
    Person(67, "Fiona", "Mackay", "SSEF Member", "2022-08-06", 0),
    Person(68, "Louis", "Garner", "Transient Member", "2025-05-17", 2, email="louis.garner@"),
    Person(69, "Barry", "Ostrander", "Inactive", "2012-06-30", 0),
    Person(70, "Cynthia", "Rowe", "Inactive", "2010-08-14", 0, roles="member_manager"),
    Person(71, "Jerome", "Tuttle", "Inactive", "2003-05-17", 0, roles="instructor"),
    Person(72, "Kathleen", "Byrd", "Non-Member", None, 0),
    Person(73, "Anton", "Havel", "Pending", None, 0),
    Person(74, "Ernest", "Caldwell", "Deceased", "1988-06-04", 0),
    Person(75, "Field", "Kiosk", "Role Account", None, 0, email="kiosk"),
)

INSTRUCTORS = tuple(range(1, 9))
TOW_PILOTS = tuple(range(9, 16))
DUTY_OFFICERS = tuple(range(16, 24))
ASSISTANTS = tuple(range(24, 32))

# Learners: all their flights are lessons.
STUDENTS = (43, 44, 45, 48, 50, 53, 54, 57)


def members() -> list[Row]:
    """The rows of `members_member`."""
    return [_member(person) for person in PEOPLE]


def _member(person: Person) -> Row:
    joined = None if person.joined is None else date.fromisoformat(person.joined)
    roles = person.roles.split()
    return {
        "id": person.id,
        "password": "!",
        "username": f"{_plain(person.first)}.{_plain(person.last)}".lower(),
        "first_name": person.first,
        "middle_initial": person.middle,
        "last_name": person.last,
        "nickname": person.nickname,
        "name_suffix": person.suffix,
        "email": _address(person),
        "phone": f"555-01{person.id:02}",
        "is_active": person.status not in INACTIVE,
        "date_joined": moment(joined or date(2024, 1, 6), 9),
        "joined_club": joined,
        "membership_status": person.status,
        "glider_rating": _rating(person, roles),
        "redact_contact": person.id in {44, 56},
        "SSA_member_number": f"HM{person.id:04}" if person.status not in INACTIVE else None,
        **{flag: flag in roles for flag in FLAGS},
    }


def _address(person: Person) -> str:
    """The address as the member typed it."""
    if person.email is None:
        return f"{_plain(person.first)}.{_plain(person.last)}@{DOMAIN}".lower()
    if person.email == "" or "@" in person.email:
        return person.email
    return f"{person.email}@{DOMAIN}"


def _rating(person: Person, roles: list[str]) -> str:
    if "commercial" in roles or "instructor" in roles:
        return "commercial"
    return "student" if person.id in STUDENTS else "private"


def _plain(name: str) -> str:
    """`name` without accents, blanks and apostrophes."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if letter.isalnum())
