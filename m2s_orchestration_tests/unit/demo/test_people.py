"""The demo club's members."""

from __future__ import annotations

from m2s_orchestration.demo.people import DOMAIN, members


def by_id(member_id: int) -> dict[str, object]:
    return next(member for member in members() if member["id"] == member_id)


def test_the_club_has_75_members_with_a_name_of_their_own() -> None:
    assert len(members()) == 75
    assert len({member["username"] for member in members()}) == 75
    assert [member["id"] for member in members()] == list(range(1, 76))


def test_the_members_are_the_same_every_time() -> None:
    assert members() == members()


def test_most_addresses_are_plain_names_without_accents() -> None:
    assert by_id(3)["email"] == f"ines.nunez@{DOMAIN}"
    assert by_id(24)["email"] == f"elodie.fournier@{DOMAIN}"


def test_a_few_members_make_mail_hard() -> None:
    assert (by_id(9)["last_name"], by_id(9)["email"]) == ("O'Brien", f"sean.o'brien@{DOMAIN}")
    assert by_id(34)["first_name"] == "Юлия"
    assert by_id(10)["nickname"] == "Bill"
    assert by_id(6)["name_suffix"] == "III"
    assert by_id(38)["email"] == ""
    assert by_id(68)["email"] == "louis.garner@"
    assert by_id(74)["membership_status"] == "Deceased"


def test_a_couple_shares_an_address_written_in_two_ways() -> None:
    written = {str(by_id(41)["email"]), str(by_id(42)["email"])}
    assert len(written) == 2
    assert len({address.lower() for address in written}) == 1
