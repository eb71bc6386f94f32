"""The seal library, the register and the keys, by commands: for programs in JSON, for people in two languages."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import CODE, CREDIT_CODE, founded
from tests.cli.terminal import Terminal
from tests.support.houses import KEEPER, SAMPLES
from tests.support.openssl import openssl

APPROVAL = SAMPLES / "approval-letter-1-page.pdf"


def test_a_seal_lives_its_whole_life_on_the_command_line(office: Terminal, tmp_path: Path) -> None:
    wanted = ("--owner", CREDIT_CODE, "--kind", "finance", "--keeper", KEEPER, "--line", "财务专用章")
    asked = office.do("seals", "request", *wanted, "--until", "2099-12-31", "--as", "clerk")
    code = asked["code"]
    assert (asked["state"], asked["kind"], asked["valid_until"][:10]) == ("REQUESTED", "FINANCE", "2099-12-31")
    refused = office.ask("seals", "approve", code, "--as", "clerk")
    assert (refused.code, refused.error) == (1, "REQUESTER_MAY_NOT_APPROVE")
    assert office.do("seals", "approve", code, "--as", "chief", "--why", "同意")["state"] == "APPROVED"
    assert office.do("seals", "make", code, "--as", "maker")["state"] == "ACTIVE"

    out = tmp_path / "sealed.pdf"
    (pressed,) = office.do("press", APPROVAL, "--seal", code, "-o", out, "--matter", "财字〔2026〕7号")["results"]
    assert out.read_bytes().startswith(APPROVAL.read_bytes())
    assert office.do("impressions", "show", pressed["impression"])["matter"] == "财字〔2026〕7号"
    office.do("impressions", "fetch", pressed["impression"], "-o", tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == out.read_bytes()
    (listed,) = office.do("impressions", "list", "--seal", code)
    assert listed["impression"] == pressed["impression"]

    assert office.do("seals", "suspend", code, "--why", "核查", "--as", "chief")["state"] == "SUSPENDED"
    (refused_file,) = office.ask("press", APPROVAL, "--seal", code, "-o", out).value["results"]
    assert refused_file["error"]["code"] == "SEAL_SUSPENDED"
    assert office.do("seals", "restore", code, "--why", "核查完毕", "--as", "chief")["state"] == "ACTIVE"
    assert office.ask("seals", "appoint", code, "clerk", "--as", "clerk").error == "APPOINTEE_MAY_NOT_APPOINT"
    office.do("seals", "appoint", code, "clerk", "--as", "chief")
    office.do("press", APPROVAL, "--seal", code, "-o", out, "--as", "clerk")
    office.do("seals", "dismiss", code, "clerk", "--why", "调岗", "--as", "chief")
    alone = office.ask("seals", "renew", code, "--as", "maker")
    assert (alone.code, alone.error) == (1, "RENEWAL_NOT_APPROVED")
    asked = office.do("seals", "request-renewal", code, "--until", "2098-12-31", "--as", "clerk")
    assert asked["valid_until"][:4] == "2098"
    assert office.ask("seals", "approve-renewal", code, "--as", "clerk").error == "REQUESTER_MAY_NOT_APPROVE"
    assert office.do("seals", "approve-renewal", code, "--as", "chief")["state"] == "APPROVED"
    renewed = office.do("seals", "renew", code, "--as", "maker")
    assert renewed["valid_until"] == office.do("seals", "show", code)["certificates"][-1]["valid_until"] < "2098"
    office.do("seals", "export", code, "-o", tmp_path / "record.zip")
    with zipfile.ZipFile(tmp_path / "record.zip") as archive:
        assert json.loads(archive.read("record.json"))["code"] == code
    assert (
        office.do("seals", "revoke", code, "--why", "机构撤销", "--compromised", "--as", "chief")["state"] == "REVOKED"
    )

    known = office.do("seals", "show", code)
    assert [line["act"].removeprefix("seal.") for line in known["history"]] == [
        *("request", "approve", "make", "suspend", "restore", "appoint", "dismiss"),
        *("renewal.request", "renewal.approve", "renew", "revoke"),
    ]
    assert [line["cause"] for line in known["history"] if line["cause"]] == [
        "同意",
        "核查",
        "核查完毕",
        "调岗",
        "机构撤销",
    ]
    assert len(known["certificates"]) == 2
    assert {item["state"] for item in known["certificates"]} == {"REVOKED"}
    assert code in [seal["code"] for seal in office.do("seals", "list")]
    assert office.do("impressions", "check")["even"] is True


def test_a_request_is_turned_down_and_a_seal_laid_down(office: Terminal) -> None:
    wanted = ("--owner", CREDIT_CODE, "--kind", "contract", "--keeper", KEEPER, "--width", 44, "--height", 44)
    rejected = office.do("seals", "request", *wanted, "--as", "clerk")["code"]
    assert office.do("seals", "reject", rejected, "--why", "重复申请", "--as", "chief")["state"] == "REJECTED"
    made = office.do("seals", "request", *wanted, "--as", "clerk")["code"]
    office.do("seals", "approve", made, "--as", "chief")
    office.do("seals", "make", made, "--as", "maker")
    assert office.do("seals", "show", made)["size_mm"] == {"width": 44.0, "height": 44.0}
    assert office.do("seals", "retire", made, "--why", "不再使用", "--as", "chief")["state"] == "RETIRED"


def test_the_way_to_an_outside_authority_and_back(office: Terminal, tmp_path: Path) -> None:
    from cryptography import x509

    from tests.certificates.outsiders import LicensedAuthority

    wanted = ("--owner", CREDIT_CODE, "--kind", "invoice", "--keeper", KEEPER)
    code = office.do("seals", "request", *wanted, "--as", "clerk")["code"]
    office.do("seals", "approve", code, "--as", "chief")
    request, chain = tmp_path / "request.pem", tmp_path / "chain.pem"
    assert office.do("seals", "certificate-request", code, "-o", request, "--as", "maker")["request"] == str(request)
    assert "verify OK" in openssl("req", "-verify", "-noout", "-in", request)
    chain.write_bytes(LicensedAuthority().answer(x509.load_pem_x509_csr(request.read_bytes())))
    assert office.do("seals", "make", code, "--chain", chain, "--as", "maker")["state"] == "ACTIVE"
    (certificate,) = office.do("seals", "show", code)["certificates"]
    assert certificate["state"] == "ISSUED"


def test_keys_are_listed_made_moved_and_ended(office: Terminal) -> None:
    made = office.do("keys", "generate", "--label", "外部申请", "--purpose", "seal")
    listed = {row["key"]: row for row in office.do("keys", "list")}
    assert listed[made["key"]]["protection"] == "WRAPPED"
    assert {"ISSUING", "ROOT", "TIMESTAMP", "STATUS", "SEAL", "WRAPPING"} == {row["purpose"] for row in listed.values()}
    assert office.do("keys", "rotate")["moved"] >= 2
    office.do("keys", "retire", made["key"], "--why", "申请撤回")
    again = office.ask("keys", "retire", made["key"], "--why", "申请撤回")
    assert (again.code, again.error) == (1, "KEY_RETIRED_ALREADY")
    ended = next(row for row in office.do("keys", "list") if row["key"] == made["key"])
    assert ended["retired_at"] is not None


def test_the_keys_test_shows_that_the_module_signs_and_how_fast(office: Terminal) -> None:
    shown = office.do("keys", "test", "--seconds", 0.1)
    assert shown["passed"] is True
    assert all(step["passed"] for step in shown["steps"])
    assert shown["rates"]
    assert all(rate["per_second"] > 0 for rate in shown["rates"])


def test_certificates_are_listed_and_the_trust_file_is_written_anew(office: Terminal) -> None:
    profiles = {row["profile"] for row in office.do("certificates", "list")}
    assert {"ROOT", "ISSUING", "TIMESTAMP", "STATUS", "SEAL"} <= profiles
    path = Path(office.do("certificates", "trust")["trust"])
    assert b"BEGIN CERTIFICATE" in path.read_bytes()


LISTS = [
    (("orgs", "list"), "云岭市青禾区财政局", "云岭市青禾区财政局"),
    (("people", "list"), "clerk", "clerk"),
    (("seals", "list"), "active", "使用中"),
    (("seals", "show", CODE), "Kind", "法定名称章"),
    (("keys", "list"), "Protection", "保护方式"),
    (("certificates", "list"), "Valid until", "有效期至"),
    (("impressions", "list"), "Matter", "事项编号"),
    (("impressions", "check"), "recorded impressions", "已登记用印"),
    (("keys", "test", "--seconds", "0.1"), "✓", "✓"),
]


@pytest.mark.parametrize(("arguments", "english", "chinese"), LISTS)
def test_people_read_it_in_their_language(
    office: Terminal, arguments: tuple[str, ...], english: str, chinese: str
) -> None:
    for language, word in (("en", english), ("zh_CN.UTF-8", chinese)):
        said = office.say(*arguments, language=language)
        assert said.code == 0
        assert word in said.out
        assert "{" not in said.out  # every name was filled in


@pytest.mark.parametrize("arguments", [arguments for arguments, _, _ in LISTS])
def test_programs_get_exactly_one_line_of_json(office: Terminal, arguments: tuple[str, ...]) -> None:
    said = office.ask(*arguments)
    assert said.code == 0
    assert said.value is not None
    assert said.err == ""


def test_every_verb_tells_people_what_was_done(office: Terminal, tmp_path: Path) -> None:
    office.do("people", "add", "guest", "--name", "来客")
    wanted = ("--owner", CREDIT_CODE, "--kind", "official", "--keeper", KEEPER, "--as", "clerk")
    for language, words in (
        ("en", ("requested", "approved", "can be pressed", "suspended", "may press", "may no longer", "record")),
        ("zh", ("已申请", "已批准", "可以加盖", "已停用", "现可加盖", "不再可以加盖", "备案材料")),
    ):
        code = f"9901260000{'90' if language == 'en' else '91'}01"
        said = [
            office.say(*line, language=language).out
            for line in (
                ("seals", "request", *wanted, "--code", code),
                ("seals", "approve", code, "--as", "chief"),
                ("seals", "make", code, "--as", "maker"),
                ("seals", "suspend", code, "--why", "核查", "--as", "chief"),
                ("seals", "appoint", code, "guest", "--as", "chief"),
                ("seals", "dismiss", code, "guest", "--why", "离开", "--as", "chief"),
                ("seals", "export", code, "-o", tmp_path / f"{code}.zip"),
            )
        ]
        for line, word in zip(said, words, strict=True):
            assert word in line


def test_before_the_ceremony_a_seal_cannot_be_made_and_the_command_says_which_comes_first(tmp_path: Path) -> None:
    bare = founded(tmp_path / "var")
    bare.do("orgs", "add", CREDIT_CODE, "--name", "云岭市青禾区财政局")
    for handle in ("clerk", "chief"):
        bare.do("people", "add", handle, "--name", handle)
    bare.do(
        "seals",
        "request",
        "--owner",
        CREDIT_CODE,
        "--kind",
        "official",
        "--keeper",
        KEEPER,
        "--code",
        CODE,
        "--as",
        "clerk",
    )
    bare.do("seals", "approve", CODE, "--as", "chief")
    said = bare.ask("seals", "make", CODE)
    assert (said.code, said.error) == (78, "AUTHORITY_MISSING")
    assert "sealservice certificates ceremony" in said.value["error"]["zh"]
    bare.do("certificates", "ceremony", "--name", "某机构", "--organization", "某单位")
    assert bare.do("seals", "make", CODE)["state"] == "ACTIVE"
