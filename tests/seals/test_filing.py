"""The record of a seal for filing with the authority in charge (备案)."""

from __future__ import annotations

import io
import json
import os
import zipfile

import pytest
from cryptography import x509
from sqlalchemy import select

from sealservice.certificates.model import StoredKey
from sealservice.demo import CREDIT_CODE, OWNER
from sealservice.kernel.errors import NotFound
from sealservice.seals.model import Seal
from sealverify.digest import Digest
from sealverify.merkle import leaf_hash
from tests.support.departments import CHIEF, CLERK, KEEPER, MAKER, Department


def _files(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def seal(department: Department) -> Seal:
    """A seal with a life behind it: made, suspended, restored, renewed."""
    made, seals = department.made(), department.house.seals
    seals.suspend(made.code, actor=CHIEF, cause="例行核查")
    seals.restore(made.code, actor=CHIEF, cause="核查完毕")
    return department.renewed(made)


def test_a_reason_that_cannot_be_spelled_keeps_no_seal_from_being_filed(department: Department) -> None:
    made = department.made()
    department.house.seals.suspend(made.code, actor=CHIEF, cause=os.fsdecode(b"\xff\xfe"))
    files = _files(department.house.filing.export(made.code))
    assert r"\udcff\udcfe" in files["record.json"].decode()
    json.loads(files["record.json"])


def test_the_record_tells_what_the_seal_is_and_all_that_became_of_it(department: Department, seal: Seal) -> None:
    files = _files(department.house.filing.export(seal.code))
    assert sorted(files) == ["certificates.pem", "picture.pdf", "picture.svg", "record.json"]
    record = json.loads(files["record.json"])

    assert (record["code"], record["name"], record["state"]) == (seal.code, seal.name, "ACTIVE")
    assert record["kind"] == {"code": "APPROVAL", "zh": "行政审批专用章", "en": "approval seal"}
    assert record["owner"]["credit_code"] == CREDIT_CODE
    assert record["owner"]["name"] == OWNER
    assert record["size_mm"] == {"width": 42.0, "height": 42.0}
    assert [kept["handle"] for kept in record["keepers"]] == [KEEPER]
    assert [(line["act"], line["actor"], line["cause"]) for line in record["history"]] == [
        ("seal.request", CLERK, None),
        ("seal.approve", CHIEF, "同意制作"),
        ("seal.make", MAKER, None),
        ("seal.suspend", CHIEF, "例行核查"),
        ("seal.restore", CHIEF, "核查完毕"),
        ("renewal.request", CLERK, None),
        ("renewal.approve", CHIEF, "同意续期"),
        ("seal.renew", MAKER, None),
    ]
    assert len(record["certificates"]) == 2


def test_the_record_proves_itself(department: Department, seal: Seal) -> None:
    """Pictures match their digests, certificates their serial numbers, and each line of history its leaf hash."""
    files = _files(department.house.filing.export(seal.code))
    record = json.loads(files["record.json"])
    assert str(Digest.of(files["picture.svg"])) == record["picture"]["digest"]
    assert str(Digest.of(files["picture.pdf"])) == record["picture"]["pdf_digest"]
    certificates = x509.load_pem_x509_certificates(files["certificates.pem"])
    assert [f"{item.serial_number:x}" for item in certificates] == [item["serial"] for item in record["certificates"]]
    for line in record["history"]:
        said = {name: value for name, value in line.items() if name != "leaf_hash"}
        entry = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        assert leaf_hash(entry).hex() == line["leaf_hash"]


def test_the_same_record_gives_the_same_bytes(department: Department, seal: Seal) -> None:
    export = department.house.filing.export
    assert export(seal.code) == export(seal.code)


def test_no_key_leaves_with_the_record_not_even_wrapped(department: Department, seal: Seal) -> None:
    files = _files(department.house.filing.export(seal.code))
    everything = b"".join(files.values())
    with department.house.database.read() as session:
        keys = session.scalars(select(StoredKey).where(StoredKey.label == f"seal-{seal.code}")).all()
    assert len(keys) == 2
    for key in keys:
        assert key.wrapped
        for form in (key.wrapped, key.wrapped.hex().encode(), key.key_id.encode()):
            assert form not in everything
    assert b"PRIVATE KEY" not in everything


def test_a_seal_that_is_only_asked_for_can_be_filed_as_well(department: Department) -> None:
    seal = department.requested()
    files = _files(department.house.filing.export(seal.code))
    assert files["certificates.pem"] == b""
    assert json.loads(files["record.json"])["state"] == "REQUESTED"
    with pytest.raises(NotFound, match="SEAL_UNKNOWN"):
        department.house.filing.export("99012699999999")
