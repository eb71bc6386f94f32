"""What pressing needs to know of a seal before the law is asked: its picture, its size, its certificates.

Kept in memory by seal code, because it changes once in years. Being here permits nothing: whether the seal may be
pressed, and whether this is still its certificate, is asked of the database in the transaction of the intent.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Misconfigured
from sealservice.seals.queries import SealingMeans, get_seal, sealing_means
from sealverify.digest import Digest

_MOST = 4096


@dataclass(frozen=True)
class Instrument:
    """A seal, ready to hand: where its picture lies, its true size, and what it takes to sign with it."""

    seal_code: str
    picture: Path
    width_mm: float
    height_mm: float
    means: SealingMeans


class Instruments:
    def __init__(self, database: Database, store: DocumentStore) -> None:
        self._database, self._store = database, store
        self._lock = threading.Lock()
        self._known: dict[str, Instrument] = {}

    def get(self, seal_code: str) -> Instrument:
        """Raises NotFound("SEAL_UNKNOWN"), WrongState (SEAL_REQUESTED, SEAL_APPROVED, SEAL_REJECTED),
        Misconfigured("SEAL_PICTURE_MISSING")."""
        with self._lock:
            known = self._known.get(seal_code)
        return known or self._fetch(seal_code)

    def forget(self, seal_code: str) -> None:
        """Called when the database knew better."""
        with self._lock:
            self._known.pop(seal_code, None)

    def _fetch(self, seal_code: str) -> Instrument:
        with self._database.read() as session:
            seal = get_seal(session, seal_code)
            picture = self._store.path(Digest.parse(seal.picture_pdf))
            if not picture.is_file():
                raise Misconfigured("SEAL_PICTURE_MISSING", code=seal.code, path=picture)
            instrument = Instrument(
                seal_code=seal.code,
                picture=picture,
                width_mm=seal.width_mm,
                height_mm=seal.height_mm,
                means=sealing_means(session, seal),
            )
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[seal_code] = instrument
        return instrument
