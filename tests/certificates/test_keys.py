"""The keys of the house: taking stock, moving all under a new wrapping key, ending one."""

from __future__ import annotations

from typing import Any

import pytest

from keystore.errors import KeyStoreError
from keystore.keys import KeyRef, KeyUse, Protection
from keystore.store import TokenKeyStore
from sealservice.certificates.keyring import Keyring
from sealservice.certificates.keys import Keys
from sealservice.certificates.model import Purpose, StoredKey
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import find_newest
from sealservice.kernel.errors import InvalidInput, NotFound, Refused
from sealservice.seals.model import Seal
from tests.support.departments import CHIEF, KEEPER, Department


@pytest.fixture
def keys(department: Department) -> Keys:
    return Keys(department.house.database, department.house.clock, department.house.keys)


def _key_of(department: Department, seal: Seal) -> StoredKey:
    (certificate,) = department.certificates(seal)
    with department.house.database.read() as session:
        return session.get_one(StoredKey, certificate.key_id)


def _history(department: Department, key_id: str) -> list[dict[str, Any]]:
    class Key:
        subject = f"key:{key_id}"

    return department.history(Key)


def _wrapping_keys(keys: Keys) -> set[str]:
    return {record.key_id for record in keys.in_token() if record.use is KeyUse.WRAPPING}


def test_seals_in_use_go_on_over_a_rotation_of_the_wrapping_key(department: Department, keys: Keys) -> None:
    seals = [department.made() for _ in range(2)]
    for seal in seals:
        assert department.press(seal).sealed
    wrapped = [key for key in keys.stored() if key.wrapped is not None]

    done = keys.rotate(actor=KEEPER, retire_old=False)
    assert done.moved == len(wrapped)
    assert done.retired == 0
    for seal in seals:
        assert _key_of(department, seal).wrapping_key_id == done.wrapping_key
        assert department.press(seal).sealed
    assert department.press(department.made()).sealed  # new ones are born under the new key
    with department.house.database.read() as session:
        kept = session.get_one(StoredKey, wrapped[0].key_id)
    assert kept.public_key == wrapped[0].public_key
    assert kept.wrapped != wrapped[0].wrapped


def test_a_rotation_may_destroy_the_old_wrapping_keys_and_is_on_record(
    one_department: Department,
) -> None:
    house = one_department.house
    keys = Keys(house.database, house.clock, house.keys)
    seal = one_department.made()
    old = _wrapping_keys(keys)
    done = keys.rotate(actor=KEEPER, retire_old=True)
    assert _wrapping_keys(keys) == {done.wrapping_key}
    assert done.retired == len(old)
    assert one_department.press(seal).sealed

    made, moved = _history(one_department, done.wrapping_key)
    assert (made["act"], made["actor"], made["facts"]["purpose"]) == ("key.generate", KEEPER, "WRAPPING")
    assert (moved["act"], moved["actor"]) == ("key.rotate", KEEPER)
    assert sorted(moved["facts"]["replaces"]) == sorted(old)
    assert [line["act"] for key_id in old for line in _history(one_department, key_id)] == ["key.retire"] * len(old)


def test_a_rotation_that_broke_off_is_run_again(
    department: Department, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    seals = [department.made() for _ in range(2)]
    move, moved = Keyring.move, []

    def once(self: Keyring, before: KeyRef, anew: KeyRef) -> bool:
        if moved:
            raise RuntimeError("the machine goes dark")
        moved.append(before)
        return move(self, before, anew)

    with monkeypatch.context() as patched:
        patched.setattr(Keyring, "move", once)
        with pytest.raises(RuntimeError):
            keys.rotate(actor=KEEPER, retire_old=False)
    for seal in seals:
        assert department.press(seal).sealed  # half moved, and all in use
    done = keys.rotate(actor=KEEPER, retire_old=False)
    assert {_key_of(department, seal).wrapping_key_id for seal in seals} == {done.wrapping_key}


def test_a_key_that_a_standing_certificate_speaks_for_is_not_ended(department: Department, keys: Keys) -> None:
    seal = department.made()
    key = _key_of(department, seal)
    with pytest.raises(Refused, match="KEY_IN_USE") as refusal:
        keys.retire(key.key_id, actor=CHIEF, cause="换发")
    assert seal.code in refusal.value.text.zh
    assert department.press(seal).sealed

    department.house.seals.retire(seal.code, actor=CHIEF, cause="不再使用")
    ended = keys.retire(key.key_id, actor=CHIEF, cause="印章已缴销")
    assert (ended.retired_at is not None, ended.wrapped) == (True, None)
    with pytest.raises(KeyStoreError):
        department.house.keys.signing_key(ended.ref).sign(b"once more")
    with pytest.raises(Refused, match="KEY_RETIRED_ALREADY"):
        keys.retire(key.key_id, actor=CHIEF, cause="再次")


def test_ending_a_key_needs_a_reason_and_a_key(department: Department, keys: Keys) -> None:
    key = keys.generate(
        Purpose.SEAL,
        label="外部申请",
        algorithm=department.house.algorithm,
        protection=department.house.protection,
        actor=KEEPER,
    )
    with pytest.raises(InvalidInput, match="CAUSE_MISSING"):
        keys.retire(key.key_id, actor=CHIEF, cause=" ")
    with pytest.raises(NotFound, match="KEY_UNKNOWN"):
        keys.retire("00" * 16, actor=CHIEF, cause="无")
    keys.retire(key.key_id, actor=CHIEF, cause="申请撤回")

    assert [(line["act"], line["actor"], line["cause"]) for line in _history(department, key.key_id)] == [
        ("key.generate", KEEPER, None),
        ("key.retire", CHIEF, "申请撤回"),
    ]


@pytest.mark.parametrize("protection", list(Protection))
def test_a_key_is_made_for_a_seal_or_a_person_and_signs(
    department: Department, keys: Keys, protection: Protection
) -> None:
    house = department.house
    key = keys.generate(
        Purpose.PERSON, label=f"程示例 {protection}", algorithm=house.algorithm, protection=protection, actor=KEEPER
    )
    assert (key.wrapped is not None) is (protection is Protection.WRAPPED)
    assert (key.key_id in {record.key_id for record in keys.in_token()}) is (protection is Protection.TOKEN_OBJECT)
    assert house.keys.signing_key(key.ref).sign(b"a message")
    keys.retire(key.key_id, actor=CHIEF, cause="测试完毕")
    assert key.key_id not in {record.key_id for record in keys.in_token()}


def test_a_key_whose_end_broke_off_is_on_record_as_ended_and_is_destroyed_the_next_time(
    department: Department, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = department.house
    key = keys.generate(
        Purpose.SEAL, label="外部申请", algorithm=house.algorithm, protection=Protection.TOKEN_OBJECT, actor=KEEPER
    )

    def dark(*_: object) -> None:
        raise RuntimeError("the machine goes dark")

    with monkeypatch.context() as patched:
        patched.setattr(TokenKeyStore, "retire", dark)
        with pytest.raises(RuntimeError):
            keys.retire(key.key_id, actor=CHIEF, cause="申请撤回")
    with house.database.read() as session:
        assert session.get_one(StoredKey, key.key_id).retired_at is not None
    assert house.keys.holds(key.ref)  # there and not used; never used and not there

    keys.retire(key.key_id, actor=CHIEF, cause="补行销毁")
    assert not house.keys.holds(key.ref)
    assert [line["act"] for line in _history(department, key.key_id)] == ["key.generate", "key.retire"]
    with pytest.raises(Refused, match="KEY_RETIRED_ALREADY"):
        keys.retire(key.key_id, actor=CHIEF, cause="再次")


def test_every_key_of_the_house_was_made_on_record(department: Department, keys: Keys) -> None:
    department.made()
    for key in keys.stored():
        first = _history(department, key.key_id)[0]
        assert (first["act"], first["facts"]["purpose"], first["facts"]["label"]) == (
            "key.generate",
            key.purpose,
            key.label,
        )


@pytest.mark.parametrize("purpose", [Purpose.ROOT, Purpose.ISSUING, Purpose.TIMESTAMP, Purpose.STATUS])
def test_the_authoritys_keys_are_made_only_in_its_ceremony(
    department: Department, keys: Keys, purpose: Purpose
) -> None:
    with pytest.raises(InvalidInput, match="KEY_PURPOSE_BY_CEREMONY"):
        keys.generate(
            purpose,
            label="x",
            algorithm=department.house.algorithm,
            protection=Protection.TOKEN_OBJECT,
            actor=KEEPER,
        )


def test_only_people_on_record_touch_keys(department: Department, keys: Keys) -> None:
    house, before = department.house, len(keys.stored())
    for act in (
        lambda: keys.generate(
            Purpose.SEAL, label="x", algorithm=house.algorithm, protection=house.protection, actor="nobody"
        ),
        lambda: keys.rotate(actor="nobody", retire_old=False),
        lambda: keys.retire(keys.stored()[0].key_id, actor="nobody", cause="无"),
    ):
        with pytest.raises(NotFound, match="PERSON_UNKNOWN"):
            act()
    assert len(keys.stored()) == before


def test_the_issuing_key_is_in_use_as_long_as_its_certificate_stands(department: Department, keys: Keys) -> None:
    with department.house.database.read() as session:
        issuing = find_newest(session, ProfileName.ISSUING)
    assert issuing is not None
    with pytest.raises(Refused, match="KEY_IN_USE"):
        keys.retire(issuing.key_id, actor=CHIEF, cause="换发")
