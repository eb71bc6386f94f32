"""The verdict, as data: never a yes or a no, and never a sentence alone.

PASSED, FAILED, INDETERMINATE, and beside it, each on its own line: integrity, what changed after sealing, whom we
trust and why, the time and where it comes from. The JSON is described in docs/formats/report.md; fields may be added,
those there stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from sealverify.changes import AfterSealing, Changes
from sealverify.clock import now
from sealverify.drawing import Slices
from sealverify.errors import SealVerifyError
from sealverify.identity import Signer
from sealverify.integrity import IntegrityState
from sealverify.messages import Text, catalogue
from sealverify.proof_of_time import ProofOfTime
from sealverify.revocation import Revocation
from sealverify.subindication import Conclusion, SubIndication, conclusion_of


class Kind(StrEnum):
    """What was judged."""

    DOCUMENT = "DOCUMENT"


class SignatureType(StrEnum):
    SEAL = "SEAL"
    """The certificate's profile says that it is a body's seal."""
    SIGNATURE = "SIGNATURE"
    DOCUMENT_TIMESTAMP = "DOCUMENT_TIMESTAMP"


class TrustState(StrEnum):
    TRUSTED = "TRUSTED"
    UNTRUSTED = "UNTRUSTED"
    """A path to an anchor is there and must not be relied on: revoked, or not meant for this."""
    UNKNOWN = "UNKNOWN"
    """No path to anybody whom the caller trusts: cannot be confirmed, which is not the same as wrong."""


class TimeSource(StrEnum):
    TIMESTAMP = "TIMESTAMP"
    CLAIMED = "CLAIMED"
    """The signer's own word."""


@dataclass(frozen=True)
class Note:
    """Something a reader should know beside the verdict."""

    code: str
    text: Text

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, **self.text.as_json()}


def note(code: str, **names: object) -> Note:
    return Note(code, catalogue("sealverify.wording").text(code, **names))


@dataclass(frozen=True, kw_only=True)
class SignatureReport:
    """Everything about one signature. `signing_at` is None when nobody says when."""

    name: str
    type: SignatureType
    sub_indication: SubIndication | None
    integrity: IntegrityState
    after: AfterSealing
    trust: TrustState
    level: str | None
    signer: Signer
    signing_at: datetime | None
    time_source: TimeSource | None
    timestamps: tuple[ProofOfTime, ...] = ()
    revocation: Revocation | None = None
    certification: int | None = None
    covers_whole_file: bool = False
    reason: str | None = None
    matter: str | None = None
    seal_code: str | None = None
    impression_id: str | None = None
    slices: Slices | None = None
    notes: tuple[Note, ...] = ()

    @property
    def conclusion(self) -> Conclusion:
        return conclusion_of(self.sub_indication)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "conclusion": self.conclusion,
            "sub_indication": self.sub_indication,
            "integrity": self.integrity,
            "changes": self.after.state,
            "change_list": [change.as_json() for change in self.after.list],
            "trust": self.trust,
            "level": self.level,
            "signer": self.signer.as_json(),
            "signing_time": {"value": written(self.signing_at), "source": self.time_source},
            "timestamps": [proof.as_json() for proof in self.timestamps],
            "revocation": _revocation(self.revocation),
            "certification": self.certification,
            "covers_whole_file": self.covers_whole_file,
            "reason": self.reason,
            "matter": self.matter,
            "seal_code": self.seal_code,
            "impression": self.impression_id,
            "slices": self.slices.as_json() if self.slices else None,
            "notes": [item.as_json() for item in self.notes],
        }


def written(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _revocation(found: Revocation | None) -> dict[str, Any]:
    if found is None:
        return {"state": "NOT_CHECKED", "as_of": None, "revoked_at": None}
    return {"state": found.state, "as_of": written(found.as_of), "revoked_at": written(found.revoked_at)}


_WORST_FIRST = (Conclusion.FAILED, Conclusion.INDETERMINATE, Conclusion.PASSED)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdict on one file. It is not true and not false: read `conclusion`."""

    conclusion: Conclusion
    sub_indication: SubIndication | None = None
    summary: Text = field(default_factory=lambda: Text("", ""))
    kind: Kind = Kind.DOCUMENT
    signatures: tuple[SignatureReport, ...] = ()
    file: str | None = None

    @classmethod
    def of(
        cls, signatures: Iterable[SignatureReport], *, file: str | None = None, asked_at: datetime | None = None
    ) -> Report:
        """Of several signatures the worst counts. `asked_at` is the time that they were judged for, now by default."""
        found = tuple(signatures)
        if not found:
            return cls(conclusion=Conclusion.NO_SIGNATURE, summary=_said("SUMMARY_NO_SIGNATURE"), file=file)
        worst = min(found, key=lambda item: _WORST_FIRST.index(item.conclusion))
        return cls(
            conclusion=worst.conclusion,
            sub_indication=worst.sub_indication,
            summary=_summary(worst, found, asked_at or now()),
            signatures=found,
            file=file,
        )

    @classmethod
    def unreadable(cls, why: Text, *, file: str | None = None) -> Report:
        return cls(conclusion=Conclusion.UNREADABLE, summary=_told("SUMMARY_UNREADABLE", {}, cause=why), file=file)

    def __bool__(self) -> NoReturn:
        msg = "a report is neither true nor false: compare report.conclusion"
        raise TypeError(msg)

    def as_json(self) -> dict[str, Any]:
        """As docs/formats/report.md describes it."""
        return {
            "conclusion": self.conclusion,
            "sub_indication": self.sub_indication,
            "summary": self.summary.as_json(),
            "kind": self.kind,
            "signatures": [item.as_json() for item in self.signatures],
            "license": None,
        }


class VerificationFailed(SealVerifyError):
    """What was to be verified is not PASSED. `report` says everything."""

    def __init__(self, report: Report) -> None:
        super().__init__("VERIFICATION_FAILED", conclusion=report.conclusion)
        self.report = report


def _said(code: str, **names: object) -> Text:
    return catalogue("sealverify.wording").text(code, **names)


def _told(code: str, names: Mapping[str, object], **texts: Text) -> Text:
    """A sentence with parts that differ from language to language."""
    english = _said(code, **names, **{key: text.en for key, text in texts.items()})
    chinese = _said(code, **names, **{key: text.zh for key, text in texts.items()})
    return Text(english.en, chinese.zh)


def _summary(worst: SignatureReport, found: tuple[SignatureReport, ...], asked_at: datetime) -> Text:
    """One plain sentence about the whole file."""
    if worst.sub_indication is not None:
        first = next((change for change in worst.after.list if not change.permitted), None)
        return _told(
            f"SUMMARY_{worst.sub_indication}",
            {**_names(worst), "asked": asked_at.date()},
            cause=first.text if first else Text("?", "?"),
            deed=_said(f"WORD_DEED_{worst.type}"),
            thing=_said(f"WORD_THING_{worst.type}"),
        )
    sealed = [item for item in found if item.type is not SignatureType.DOCUMENT_TIMESTAMP]
    if len(sealed) > 1:
        return _said("SUMMARY_PASSED_SEVERAL", count=len(sealed), **_names(sealed[-1]))
    only = sealed[0] if sealed else worst
    changed = "_THEN_MORE" if only.after.state is Changes.PERMITTED else ""
    return _said(f"SUMMARY_PASSED_{only.type}{changed}", **_names(only))


def _names(item: SignatureReport) -> dict[str, object]:
    at = item.signing_at.strftime("%Y-%m-%d %H:%M UTC") if item.signing_at else "?"
    body, name = item.signer.organization or "", item.signer.name or ""
    parts = [part for part in (body if body not in name else "", name) if part]
    return {"who": " · ".join(parts) or item.name, "time": at, "name": item.name}
