"""The report: its shape, its sentences in both languages, and two ways of asking that cannot be mistaken."""

from __future__ import annotations

import ast
import doctest
import json
import re
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

import sealverify
from sealverify import (
    Conclusion,
    MalformedDocument,
    Policy,
    Report,
    SubIndication,
    Trust,
    VerificationFailed,
    examine_document,
    verify_document,
)
from sealverify.messages import LANGUAGES, catalogue
from sealverify.report import SignatureType
from sealverify.subindication import FAILURES, PRECEDENCE, conclusion_of
from tests.support.pki import DemoPki
from tests.support.sealing import press, sample

SOURCE = Path(str(resources.files("sealverify")))
SAID = catalogue("sealverify.wording")


def test_the_shape_that_others_rely_on(examine: object, stamped: bytes, pki: DemoPki) -> None:
    report = examine_document(stamped, Policy(trust=Trust.from_pem(pki.anchors)))
    found = json.loads(json.dumps(report.as_json()))
    assert {"conclusion", "sub_indication", "summary", "kind", "signatures", "license"} <= found.keys()
    assert (found["conclusion"], found["kind"], found["license"]) == ("PASSED", "DOCUMENT", None)
    assert set(found["summary"]) == set(LANGUAGES)
    (signature,) = found["signatures"]
    expected = {
        "name": "Seal1",
        "type": "SEAL",
        "conclusion": "PASSED",
        "sub_indication": None,
        "integrity": "INTACT",
        "changes": "NONE",
        "change_list": [],
        "trust": "TRUSTED",
        "level": "B-T",
    }
    assert {key: signature[key] for key in expected} == expected
    assert signature["signer"]["organization"] == "云岭市青禾区行政审批局（演示）"
    assert signature["signing_time"]["source"] == "TIMESTAMP"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", signature["signing_time"]["value"])
    (stamp,) = signature["timestamps"]
    assert (stamp["conclusion"], stamp["sub_indication"], stamp["attestation"]) == ("PASSED", None, "SELF")


def test_a_report_is_no_yes_and_no_no(sealed: bytes) -> None:
    report = examine_document(sealed, Policy())
    with pytest.raises(TypeError, match="conclusion"):
        bool(report)


def test_verifying_gives_a_document_or_raises_with_the_report_inside(pki: DemoPki, sealed: bytes) -> None:
    policy = Policy(trust=Trust.from_pem(pki.anchors))
    assert verify_document(sealed, policy).signatures[0].signer.name == "行政审批专用章"
    with pytest.raises(VerificationFailed) as failure:
        verify_document(sealed, Policy())
    assert failure.value.report.conclusion is Conclusion.INDETERMINATE
    with pytest.raises(MalformedDocument):
        verify_document(b"", policy)


def test_the_worst_of_several_counts(sealed: bytes) -> None:
    (signature,) = examine_document(sealed, Policy()).signatures
    import dataclasses

    failed = dataclasses.replace(signature, sub_indication=SubIndication.HASH_FAILURE)
    passed = dataclasses.replace(signature, sub_indication=None)
    assert Report.of([passed, signature, failed]).conclusion is Conclusion.FAILED
    assert Report.of([passed, signature]).conclusion is Conclusion.INDETERMINATE
    assert Report.of([passed, passed]).conclusion is Conclusion.PASSED
    assert Report.of([]).conclusion is Conclusion.NO_SIGNATURE


@pytest.mark.parametrize("kind", SignatureType)
@pytest.mark.parametrize("reason", SubIndication)
def test_every_reason_has_a_sentence_a_rank_and_a_conclusion(
    sealed: bytes, reason: SubIndication, kind: SignatureType
) -> None:
    (signature,) = examine_document(sealed, Policy()).signatures
    import dataclasses

    report = Report.of([dataclasses.replace(signature, sub_indication=reason, type=kind)])
    assert reason in PRECEDENCE
    assert report.conclusion is conclusion_of(reason)
    assert report.summary.en.startswith("Do not rely" if reason in FAILURES else "Cannot be confirmed")
    assert report.summary.zh.startswith("请勿采信" if reason in FAILURES else "无法确认")
    assert "{" not in report.summary.en + report.summary.zh


def test_a_signature_is_called_a_signature_and_a_seal_a_seal(pki: DemoPki, sealed: bytes) -> None:
    policy = Policy(trust=Trust.from_pem(pki.anchors))
    signed = press(sample("approval-letter-1-page.pdf"), pki.person)
    for data, words in ((sealed, ("sealed it", "盖章后")), (signed, ("signed it", "签署后"))):
        summary = examine_document(data + b" ", policy).summary
        assert words[0] in summary.en
        assert words[1] in summary.zh


def test_asked_about_another_time_the_answer_names_it(pki: DemoPki, sealed: bytes) -> None:
    at = datetime(2045, 1, 2, tzinfo=UTC)
    report = examine_document(sealed, Policy(trust=Trust.from_pem(pki.anchors), at=at))
    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert "not valid on 2045-01-02" in report.summary.en
    assert "在 2045-01-02 不在有效期内" in report.summary.zh


def test_every_sentence_stands_in_both_languages_with_the_same_names() -> None:
    for code in SAID.codes():
        text = SAID.template(code)
        names = [set(re.findall(r"\{(\w+)\}", sentence)) for sentence in (text.en, text.zh)]
        assert names[0] == names[1], code
        assert (text.en and text.zh) or code == "LABEL_NOTHING"


def test_every_code_that_is_said_has_a_sentence_and_every_sentence_is_said() -> None:
    source = "\n".join(file.read_text() for file in sorted(SOURCE.glob("*.py")))
    literals = {node.value for node in ast.walk(ast.parse(_joined())) if isinstance(node, ast.Constant)}
    shape = re.compile(r"(DER|CMS|HASH|KEY|CHANGE|RANGE|NOTE|SUMMARY|PDF|TRUST|TIMESTAMP|CLI|SEAL)_[A-Z_]+\Z")
    ours = {item for item in literals if isinstance(item, str) and shape.match(item) and item not in _NAMES}
    assert {code for code in ours if code not in SAID} == set()
    built = ("SUMMARY_", "DEVIATION_", "WORD_", "LABEL_", "INTEGRITY_", "CHANGES_", "TRUST_", "TIME_")
    unsaid = [code for code in SAID.codes() if f'"{code}"' not in source and not code.startswith(built)]
    assert unsaid == []


_NAMES = frozenset((*SubIndication, "SEAL_CODE", "SUMMARY_PASSED_"))


def _joined() -> str:
    """All rooms in one module, for the parser: the future import can stand only once, at the top."""
    texts = [file.read_text().replace("from __future__ import annotations", "") for file in sorted(SOURCE.glob("*.py"))]
    return "\n".join(texts)


def test_the_example_at_the_door_works(pki: DemoPki, sealed: bytes) -> None:
    names = {"sealed": sealed, "anchors": pki.anchors}
    found = doctest.DocTestFinder(recurse=False).find(sealverify, "sealverify", globs=names)
    results = [doctest.DocTestRunner().run(item) for item in found]
    assert sum(result.attempted for result in results) == 4
    assert sum(result.failed for result in results) == 0
