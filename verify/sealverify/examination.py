"""Two ways to ask about a document: `examine_document` gives a report, `verify_document` a document, or it raises.

Takes the file apart into its signatures, has each judged, and puts the verdicts together. Runs in this process: for
files from strangers `guard` does the same in a child that can be killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealverify.case import Case, Subject, end_of
from sealverify.changes import History
from sealverify.document import Document, FoundSignature
from sealverify.errors import Malformed, MalformedDocument
from sealverify.judgement import TIMESTAMP, judge, judge_proof
from sealverify.longterm import Store
from sealverify.policy import Policy
from sealverify.removal import removed_signatures, traces
from sealverify.report import Report, SignatureReport, VerificationFailed
from sealverify.signed_bytes import RangeWrong, SignedBytes, locate
from sealverify.subindication import Conclusion


@dataclass(frozen=True)
class VerifiedDocument:
    """A document whose every signature is PASSED. What it claims is reachable only through this."""

    report: Report

    @property
    def signatures(self) -> tuple[SignatureReport, ...]:
        return self.report.signatures


def examine_document(source: bytes | Path, policy: Policy) -> Report:
    """Judges every signature of a PDF. Never raises for a bad signature.

    Raises MalformedDocument when nothing can be read: no PDF, damaged, or locked with a password."""
    try:
        with Document.open(source) as document:
            return Report.of(_reports(document, policy), file=document.name or None, asked_at=policy.at)
    except Malformed:
        raise
    except Exception as problem:  # the one typed boundary: hostile files make readers raise errors of every kind
        raise MalformedDocument("PDF_UNREADABLE", cause=type(problem).__name__) from problem


def verify_document(source: bytes | Path, policy: Policy) -> VerifiedDocument:
    """Raises VerificationFailed, with the report inside, unless the document is PASSED; MalformedDocument as above."""
    report = examine_document(source, policy)
    if report.conclusion is not Conclusion.PASSED:
        raise VerificationFailed(report)
    return VerifiedDocument(report)


def _reports(document: Document, policy: Policy) -> list[SignatureReport]:
    subjects = _subjects(document)
    case = Case(document, policy, History(document), Store(document.latest))
    for subject in subjects:
        if subject.subfilter == TIMESTAMP and isinstance(subject.covered, SignedBytes) and not subject.removed:
            proof = judge_proof(case, subject)
            case.document_timestamps.append((subject.covered.end, proof))
    found = {id(subject): judge(case, subject) for subject in subjects if subject.subfilter != TIMESTAMP}
    found |= {id(subject): judge(case, subject) for subject in subjects if subject.subfilter == TIMESTAMP}
    return [found[id(subject)] for subject in subjects]


def _subjects(document: Document) -> list[Subject]:
    """Every signature that the document shows, and every one that was taken out of it; the oldest first."""
    subjects = [Subject(found, _located(document, found)) for found in document.latest.signatures]
    holes = {item.covered.byte_range[1] for item in subjects if isinstance(item.covered, SignedBytes)}
    removed = [Subject(found, covered, removed=True) for found, covered in removed_signatures(document, holes)]
    lost = [Subject(found, problem) for found, problem in traces(document, holes)]
    return sorted([*subjects, *removed, *lost], key=lambda item: end_of(item) or len(document.data) + 1)


def _located(document: Document, found: FoundSignature) -> SignedBytes | RangeWrong:
    try:
        return locate(document, found, document.latest)
    except RangeWrong as problem:
        return problem
