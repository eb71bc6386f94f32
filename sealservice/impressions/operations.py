"""Pressing: read, intend, press, check, record. `docs/sealing-cycle.md` is this file in prose.

What may go wrong ends in one of three ways: a refusal before the intent, which leaves nothing; an impression that
FAILED with its reason; or an intent that is settled later: by this process when it presses next, or, when it died, by
the next start.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keystore.errors import KeyStoreError, TokenTimeout
from sealservice.documents.store import DocumentStore
from sealservice.impressions.check import Checked, CheckFailed, check, check_cms, write_signature
from sealservice.impressions.instruments import Instrument, Instruments
from sealservice.impressions.intention import Draft, Intent, Intentions
from sealservice.impressions.judgement import Judgement
from sealservice.impressions.latecomers import Awaited, Latecomers
from sealservice.impressions.model import ENDED_IN_NOTHING, Impression, ImpressionState
from sealservice.impressions.queries import find_by_key
from sealservice.impressions.recording import Recorder, Undecided
from sealservice.impressions.request import PressRequest
from sealservice.impressions.signing import Signed, Signer
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Conflict, InvalidInput, SealServiceError, Unavailable
from sealservice.kernel.identifiers import new_identifier
from sealservice.workers.order import PreparationOrder
from sealservice.workers.pool import WorkerPool
from sealverify.digest import Digest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pressing:
    """The sealing cycle. Everything it works with is handed in; `sealservice.assembly` does the wiring."""

    database: Database
    clock: Clock
    store: DocumentStore
    workers: WorkerPool
    intentions: Intentions
    signer: Signer
    recorder: Recorder
    judgement: Judgement
    latecomers: Latecomers
    instruments: Instruments
    instance: str

    def press(self, request: PressRequest) -> Impression:
        """Presses a seal and returns the recorded impression; its file is in the store under `sealed`.

        Raises Refused and its kin when the house says no (nothing was done), Unavailable when a part does not answer
        and CheckFailed when what was made is not what was meant (the impression is FAILED then)."""
        self.recorder.leftovers.settle()
        if request.idempotency_key is not None:
            earlier = self._find_earlier(request)
            if earlier is not None:
                return earlier
        with self._draft_file() as (impression_id, path):
            draft, intent = self._intended(request, impression_id, path)
            with self._failing(intent):
                signed = self._press(intent, path, draft)
                checked = self._check(path, draft, signed)
                self.recorder.keep(path, checked)
            return self.recorder.record(intent, path, checked)

    def _find_earlier(self, request: PressRequest) -> Impression | None:
        """What became of an earlier try under the same key; None when there was none, or when it came to nothing."""
        with self.database.read() as session:
            earlier = find_by_key(session, request.idempotency_key or "")
        if earlier is None:
            return None
        if earlier.request_digest != str(request.digest(_digest_of(request.document))):
            raise InvalidInput("IDEMPOTENCY_KEY_REUSED", key=request.idempotency_key)
        if earlier.state in ENDED_IN_NOTHING:
            return None
        if earlier.state is not ImpressionState.RECORDED:
            raise Conflict("IDEMPOTENCY_KEY_BUSY", key=request.idempotency_key)
        return earlier

    @contextmanager
    def _draft_file(self) -> Iterator[tuple[str, Path]]:
        """Where the work lies. It is removed once it is known how the impression ended. Where that is not known, or
        somebody broke the program off, it stays: by it the next start finds what has to be cleared away."""
        impression_id = new_identifier()
        path = self.store.incoming(f"{self.instance}.{impression_id}")
        try:
            yield impression_id, path
        except Undecided:
            raise
        except Exception:
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)

    def _read(self, request: PressRequest, impression_id: str, path: Path) -> Draft:
        """The worker reads the document, and refuses or prepares it. No right is used up and no key is near."""
        instrument = self.instruments.get(request.seal_code)
        order = self._order(request, impression_id, instrument)
        preparation = self.workers.prepare(request.document, path, order)
        return Draft(
            impression_id=impression_id,
            request=request,
            document=preparation.document,
            preparation=preparation,
            means=instrument.means,
        )

    def _order(self, request: PressRequest, impression_id: str, instrument: Instrument) -> PreparationOrder:
        return PreparationOrder(
            placement=request.placement,
            picture=instrument.picture,
            width_mm=instrument.width_mm,
            height_mm=instrument.height_mm,
            signer_name=instrument.means.owner_name,
            reason=request.reason,
            matter=request.matter,
            signing_at=self.clock.now(),
            certification=request.certification,
            lock=request.is_final,
            next_fields=request.next_fields,
            contents_bytes=self.signer.room_for(instrument.means, request.level),
            allow=request.allow,
            seal_code=instrument.seal_code,
            impression_id=impression_id,
        )

    def _intended(self, request: PressRequest, impression_id: str, path: Path) -> tuple[Draft, Intent]:
        """Read and written down. Where another process renewed the seal since this one took it up, the document is
        prepared once more, for the new certificate."""
        draft = self._read(request, impression_id, path)
        try:
            return draft, self._intend(draft)
        except Conflict as error:
            if error.code != "SEAL_RENEWED_MEANWHILE":
                raise
        draft = self._read(request, impression_id, path)
        return draft, self._intend(draft)

    def _intend(self, draft: Draft) -> Intent:
        try:
            return self.intentions.intend(draft)
        except SealServiceError as error:
            self.instruments.forget(draft.request.seal_code)  # the seal may have been renewed since it was taken up
            if isinstance(error, Unavailable):  # it may be written down all the same, its answer lost
                self.recorder.fail_later(draft.impression_id, error.code)
            raise

    def _press(self, intent: Intent, path: Path, draft: Draft) -> Signed:
        signed = self.signer.sign(intent)
        write_signature(path, draft.preparation, signed.cms)
        return signed

    def _check(self, path: Path, draft: Draft, signed: Signed) -> Checked:
        checked = check(path, draft.preparation, signed, public_key=draft.means.key.public_key)
        self.judgement.sample(path, draft.preparation.field_name)
        return checked

    @contextmanager
    def _failing(self, intent: Intent) -> Iterator[None]:
        """Whatever goes wrong after the intent is written down before it is told. A call that is still at work in the
        token is the exception: its intent stays open until its answer comes, or until this process ends."""
        try:
            yield
        except TokenTimeout as error:
            if error.late:
                self._await(intent, error)
            else:
                self.recorder.fail(intent.impression_id, error.code)
            raise
        except (KeyStoreError, SealServiceError) as error:
            self.recorder.fail(intent.impression_id, error.code)
            raise
        except OSError as error:
            self.recorder.fail(intent.impression_id, "STORE_UNAVAILABLE")
            raise Unavailable("STORE_UNAVAILABLE", reason=error.strerror) from error
        except Exception:
            self.recorder.fail(intent.impression_id, "OUR_FAULT")
            raise

    def _await(self, intent: Intent, error: TokenTimeout) -> None:
        impression = intent.impression_id
        awaited = Awaited(
            keep=lambda late: self._keep_back(intent, late), give_up=lambda: self.recorder.fail(impression, error.code)
        )
        self.latecomers.expect(error.call_id, awaited)

    def _keep_back(self, intent: Intent, late: bytes) -> None:
        """A signature counts as one only when it holds under the key that was meant, however late it comes."""
        try:
            cms = self.signer.cms_of_late(intent, late)
            check_cms(cms, intent.digest, intent.means.key.public_key)
        except (CheckFailed, ValueError) as error:
            _log.error("a late signature for impression %s does not hold: %s", intent.impression_id, error)
            self.recorder.fail(intent.impression_id, "CHECK_SIGNATURE_WRONG")
            return
        self.recorder.keep_back(intent.impression_id, cms)


def _digest_of(document: Path) -> Digest:
    try:
        return Digest.of_file(document)
    except OSError as error:
        raise InvalidInput("DOCUMENT_FILE_UNREADABLE", path=document, reason=error.strerror) from error
