"""Settling what a dead process left behind, at every start.

An intent without its record is ABANDONED, a signature that never went out FAILED, and files that no record names are
removed. What a living process is at work on is left alone; nothing is ever signed or sent again from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from sealservice.audit.operations import append
from sealservice.documents.claims import discard_unclaimed
from sealservice.documents.store import DocumentStore
from sealservice.impressions.model import LIFECYCLE, Impression, ImpressionState
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.instance import is_alive, sweep
from sealverify.digest import Digest

SETTLER = "reconciler"
_CAUSE = "the process ended before the impression was recorded"


@dataclass(frozen=True)
class Settled:
    """How many impressions were abandoned, how many failed, how many files were cleared away."""

    abandoned: int
    failed: int
    files: int


class Reconciler:
    def __init__(self, database: Database, clock: Clock, store: DocumentStore, running: Path) -> None:
        self._database, self._clock, self._store, self._running = database, clock, store, running

    def settle(self) -> Settled:
        abandoned = failed = 0
        for impression_id in self._left_behind():
            verb = self._settle(impression_id)
            abandoned += verb == "abandon"
            failed += verb == "fail"
        settled = Settled(abandoned, failed, self._clear_files())
        sweep(self._running)  # last: what they left behind is told by their names
        return settled

    def _left_behind(self) -> list[str]:
        unsettled = (ImpressionState.INTENDED, ImpressionState.SIGNED)
        with self._database.read() as session:
            rows = session.execute(
                select(Impression.impression_id, Impression.instance).where(Impression.state.in_(unsettled))
            ).all()
        return [impression_id for impression_id, instance in rows if not is_alive(self._running, instance)]

    def _settle(self, impression_id: str) -> str | None:
        with self._database.begin() as session:
            impression = session.get_one(Impression, impression_id, with_for_update=True)
            verb = {ImpressionState.INTENDED: "abandon", ImpressionState.SIGNED: "fail"}.get(impression.state)
            if verb is None:  # somebody else settled it between the two transactions
                return None
            event = LIFECYCLE.move(impression, verb, actor=SETTLER, at=self._clock.now(), cause=_CAUSE)
            impression.settled_at = event.at
            impression.failure = "SIGNED_NOT_RELEASED" if verb == "fail" else None
            append(session, event)
            return verb

    def _clear_files(self) -> int:
        """Drafts of dead processes go, and with each the stored file that it became but that was never recorded."""
        cleared = 0
        for draft in self._store.all_incoming():
            if is_alive(self._running, draft.name.partition(".")[0]):
                continue
            try:
                digest = Digest.of_file(draft)
            except FileNotFoundError:  # its maker has just finished, or somebody else clears away as well
                continue
            discard_unclaimed(self._database, self._store, digest)
            draft.unlink(missing_ok=True)
            cleared += 1
        return cleared
