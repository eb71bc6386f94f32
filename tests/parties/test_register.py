"""The register of who there is: bodies by their credit codes, people by their handles."""

from __future__ import annotations

import pytest

from sealservice.assembly import House
from sealservice.audit.queries import as_json, history
from sealservice.kernel.errors import Conflict, InvalidInput, NotFound
from tests.support.houses import KEEPER

CODE = "91350100M000100Y43"


def _history(house: House, subject: str) -> list[dict[str, object]]:
    with house.database.read() as session:
        return [as_json(line) for line in history(session, subject)]


def test_a_body_and_its_people_are_registered_and_on_record(house: House) -> None:
    body = house.parties.add_organization(
        credit_code=CODE, name=" 云岭市  青禾区财政局 ", name_en="Finance Bureau", actor=KEEPER
    )
    person = house.parties.add_person(handle="li.lei", name="李雷", credit_code=CODE, actor=KEEPER)
    assert (body.name, body.name_en, body.is_demo) == ("云岭市 青禾区财政局", "Finance Bureau", False)
    assert person.credit_code == CODE
    assert [item.credit_code for item in house.parties.organizations()] == [CODE]
    assert [item.handle for item in house.parties.people()] == [KEEPER, "li.lei"]
    (line,) = _history(house, f"organization:{CODE}")
    assert (line["act"], line["actor"]) == ("organization.add", KEEPER)
    (line,) = _history(house, "person:li.lei")
    assert (line["act"], line["facts"]) == ("person.add", {"organization": CODE})


def test_codes_are_read_as_people_write_them_and_checked(house: House) -> None:
    body = house.parties.add_organization(credit_code=" 91350100-m000100y43 ", name="某局", actor=KEEPER)
    assert body.credit_code == CODE
    with pytest.raises(Conflict, match="ORGANIZATION_EXISTS"):
        house.parties.add_organization(credit_code=CODE, name="某局", actor=KEEPER)
    for wrong, expected in ((CODE[:-1] + "4", "3"), (CODE[:-1], "?"), ("", "?"), ("I" * 18, "?")):
        with pytest.raises(InvalidInput, match="CREDIT_CODE_WRONG") as refusal:
            house.parties.add_organization(credit_code=wrong, name="某局", actor=KEEPER)
        assert refusal.value.details["expected"] == expected


@pytest.mark.parametrize("name", ["", "  ", "局" * 201, "某\x00局", "某\u202e局"])
def test_names_are_visible_and_of_sensible_length(house: House, name: str) -> None:
    with pytest.raises(InvalidInput, match="NAME_WRONG"):
        house.parties.add_organization(credit_code=CODE, name=name, actor=KEEPER)
    with pytest.raises(InvalidInput, match="NAME_WRONG"):
        house.parties.add_person(handle="li.lei", name=name, actor=KEEPER)
    if name:
        with pytest.raises(InvalidInput, match="NAME_WRONG"):
            house.parties.add_organization(credit_code=CODE, name="某局", name_en=name, actor=KEEPER)


def test_a_name_beyond_the_first_plane_counts_in_characters(house: House) -> None:
    body = house.parties.add_organization(credit_code=CODE, name="𠮷" * 200, actor=KEEPER)
    assert body.name == "𠮷" * 200


@pytest.mark.parametrize("handle", ["", "Li", "李雷", "-li", "li lei", "l" * 65, "li\n", "../li"])
def test_handles_are_short_and_plain(house: House, handle: str) -> None:
    with pytest.raises(InvalidInput, match="HANDLE_WRONG"):
        house.parties.add_person(handle=handle, name="李雷", actor=KEEPER)


def test_a_handle_is_taken_for_ever(house: House) -> None:
    with pytest.raises(Conflict, match="PERSON_EXISTS"):
        house.parties.add_person(handle=KEEPER, name="另一人", actor=KEEPER)
    assert [item.name for item in house.parties.people()] == ["保管人"]


def test_people_work_at_bodies_on_record(house: House) -> None:
    with pytest.raises(NotFound, match="ORGANIZATION_UNKNOWN"):
        house.parties.add_person(handle="li.lei", name="李雷", credit_code=CODE, actor=KEEPER)
    with pytest.raises(InvalidInput, match="CREDIT_CODE_WRONG"):
        house.parties.add_person(handle="li.lei", name="李雷", credit_code="123", actor=KEEPER)


def test_whoever_registers_is_on_record_or_registers_themself(house: House) -> None:
    with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
        house.parties.add_organization(credit_code=CODE, name="某局", actor="nobody")
    with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
        house.parties.add_person(handle="li.lei", name="李雷", actor="nobody")
    assert house.parties.add_person(handle="li.lei", name="李雷", actor="li.lei").handle == "li.lei"
