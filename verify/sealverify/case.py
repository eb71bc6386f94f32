"""What the judgement of one signature may look at, and where its findings gather."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sealverify.chain import too_many
from sealverify.changes import History
from sealverify.document import Document, FoundSignature
from sealverify.longterm import Store
from sealverify.policy import Policy
from sealverify.proof_of_time import ProofOfTime
from sealverify.report import Note
from sealverify.signed_bytes import RangeWrong, SignedBytes
from sealverify.subindication import SubIndication
from sealverify.tree import words


@dataclass(frozen=True)
class Subject:
    """One signature in the document: what was found, and which bytes it covers or why it covers none."""

    found: FoundSignature
    covered: SignedBytes | RangeWrong
    removed: bool = False

    @property
    def subfilter(self) -> str | None:
        value = self.found.dictionary.get("/SubFilter")
        return None if value is None else words(value)


@dataclass
class Case:
    """All that the judgement of one signature may look at."""

    document: Document
    policy: Policy
    history: History
    store: Store
    document_timestamps: list[tuple[int, ProofOfTime]] = field(default_factory=list)
    """Document timestamps by the end of their revision: evidence of time, where good, for everything before them."""
    signer_anchors: set[bytes] = field(default_factory=set)
    """The anchors of those who signed, once they are judged."""


@dataclass
class Findings:
    """What the steps have found so far about one signature."""

    reasons: list[SubIndication] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(self, reason: SubIndication | None, *notes: Note) -> None:
        if reason is not None:
            self.reasons.append(reason)
        self.notes.extend(item for item in notes if item not in self.notes)


def end_of(subject: Subject) -> int | None:
    return subject.covered.end if isinstance(subject.covered, SignedBytes) else None


def certificates_around(case: Case, own: Iterable[bytes]) -> list[bytes]:
    """Certificates to build paths over: the signature's own, and the store's as long as the limits allow."""
    together = list(dict.fromkeys([*own, *case.store.certificates]))
    return list(own) if too_many(together, case.policy) else together
