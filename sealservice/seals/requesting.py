"""Asking for a seal: what it shall be, its picture, and who shall keep it.

The picture is made and stored before the request is written down, so that whoever approves sees exactly what will be
pressed. A picture that no request came to name stays in the store unreleased and harms nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from sealservice.audit.operations import append
from sealservice.documents.claims import claim
from sealservice.documents.model import Document, Kind
from sealservice.documents.store import DocumentStore
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, InvalidInput
from sealservice.kernel.identifiers import checked_seal_code, new_identifier, new_seal_code
from sealservice.kernel.lifecycle import Event
from sealservice.parties.model import Organization
from sealservice.parties.operations import checked_name, get_organization, get_person
from sealservice.seals.artist import Artist, Finished, Inscription
from sealservice.seals.artwork.picture import Picture
from sealservice.seals.artwork.styles import STYLES
from sealservice.seals.kinds import SealKind
from sealservice.seals.model import Seal, SealKeeper, SealState
from sealservice.seals.renewing import VALIDITY, require_to_come


@dataclass(frozen=True, kw_only=True)
class SealRequest:
    """What is asked for. Without `code` one is made in the owner's region; without `picture` one is drawn; `line` and
    the size are those of the kind unless said otherwise."""

    credit_code: str
    kind: SealKind
    keepers: Sequence[str]
    name: str | None = None
    line: str | None = None
    code: str | None = None
    picture: Path | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Writes requests down."""

    database: Database
    clock: Clock
    store: DocumentStore
    artist: Artist
    instance: str

    def request(self, wanted: SealRequest, *, actor: str) -> Seal:
        """Writes down a seal that is wanted, with its picture. Raises InvalidInput, NotFound, Conflict."""
        with self.database.read() as session:
            owner = get_organization(session, wanted.credit_code)
            get_person(session, actor)
            for keeper in wanted.keepers:
                get_person(session, keeper)
        if not wanted.keepers:
            raise InvalidInput("KEEPER_MISSING")
        if wanted.valid_until is not None:
            require_to_come(wanted.valid_until, self.clock.now())
        code = checked_seal_code(wanted.code) if wanted.code else new_seal_code(owner.credit_code[2:8])
        finished = self._picture(wanted, owner, code)
        stored = [
            self._keep(finished.picture.source, finished.picture.media_type, Kind.PICTURE),
            self._keep(finished.pdf, "application/pdf", Kind.PICTURE_PDF),
        ]
        with self.database.begin() as session:
            seal = self._seal(wanted, owner, code, finished.picture, stored, actor)
            return self._write(session, seal, stored, list(dict.fromkeys(wanted.keepers)), actor)

    def _picture(self, wanted: SealRequest, owner: Organization, code: str) -> Finished:
        if wanted.picture is not None:
            return self.artist.accept(
                wanted.picture, kind=wanted.kind, width_mm=wanted.width_mm, height_mm=wanted.height_mm
            )
        return self.artist.draw(
            Inscription(
                kind=wanted.kind,
                owner_name=_inscribed_name(wanted, owner),
                code=code,
                line=wanted.line,
                number=owner.credit_code,
                width_mm=wanted.width_mm,
                height_mm=wanted.height_mm,
            )
        )

    def _keep(self, data: bytes, media_type: str, kind: Kind) -> Document:
        digest = self.store.put(data, name=f"{self.instance}.{new_identifier()}")
        return Document(
            digest=str(digest), kind=kind, size=len(data), media_type=media_type, stored_at=self.clock.now()
        )

    def _seal(
        self,
        wanted: SealRequest,
        owner: Organization,
        code: str,
        picture: Picture,
        stored: list[Document],
        actor: str,
    ) -> Seal:
        now = self.clock.now()
        return Seal(
            code=code,
            credit_code=owner.credit_code,
            kind=wanted.kind,
            name=checked_name(wanted.name or f"{owner.name}{wanted.line or STYLES[wanted.kind].line}"),
            state=SealState.REQUESTED,
            picture=stored[0].digest,
            picture_pdf=stored[1].digest,
            width_mm=picture.width_mm,
            height_mm=picture.height_mm,
            valid_from=now,
            valid_until=wanted.valid_until or now + VALIDITY,
            requested_by=actor,
        )

    def _write(self, session: Session, seal: Seal, stored: list[Document], keepers: list[str], actor: str) -> Seal:
        if session.get(Seal, seal.code) is not None:
            raise Conflict("SEAL_EXISTS", code=seal.code)
        claim(session, self.store, *stored)
        session.add(seal)
        session.flush()
        session.add_all(SealKeeper(seal_code=seal.code, handle=handle, since=seal.valid_from) for handle in keepers)
        facts = {"owner": seal.credit_code, "kind": seal.kind, "picture": seal.picture, "keepers": keepers}
        append(session, Event("seal.request", seal.subject, actor, seal.valid_from, facts=facts))
        return seal


def _inscribed_name(wanted: SealRequest, owner: Organization) -> str:
    """A personal seal carries its person's name, every other its owner's."""
    if wanted.kind is not SealKind.PERSONAL:
        return owner.name
    if not wanted.name:
        raise InvalidInput("PERSONAL_NAME_MISSING")
    return wanted.name
