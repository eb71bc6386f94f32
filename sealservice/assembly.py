"""The one place that wires: from a data folder to a house with all its wings, each made when it is first asked for.

Nothing here decides anything. A part that is missing says so itself when it is made, and `sealservice doctor` asks
each of them in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from keystore import open_key_store
from keystore.algorithms import ECDSA_P256, RSA_3072
from keystore.ceremony import opened, write_softhsm_configuration
from keystore.keys import Protection
from keystore.pin import PinEnvironment, PinFile, PinSource
from keystore.settings import TokenSettings, find_module
from keystore.store import TokenKeyStore
from sealservice.audit.highwater import HighWater
from sealservice.certificates.authority import Authority
from sealservice.certificates.keyring import Keyring, SigningKeys
from sealservice.certificates.model import StoredKey
from sealservice.certificates.outside import OutsideAuthority
from sealservice.certificates.profiles import ProfileName
from sealservice.certificates.queries import chain_of, find_newest
from sealservice.certificates.reconciliation import abandon_unissued
from sealservice.certificates.trust import TrustFile
from sealservice.documents.store import DocumentStore
from sealservice.impressions.instruments import Instruments
from sealservice.impressions.intention import Intentions
from sealservice.impressions.judgement import Judgement
from sealservice.impressions.latecomers import Latecomers
from sealservice.impressions.operations import Pressing
from sealservice.impressions.reconciliation import Reconciler, Settled
from sealservice.impressions.recording import Recorder
from sealservice.impressions.signing import Signer
from sealservice.kernel.clock import Clock, SystemClock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.home import require_own_home
from sealservice.kernel.instance import Instance
from sealservice.parties.operations import Parties
from sealservice.premises import require_founded, require_private_tokens, require_tables
from sealservice.seals.artist import Artist
from sealservice.seals.filing import Filing
from sealservice.seals.making import Making
from sealservice.seals.operations import Seals
from sealservice.seals.requesting import Requests
from sealservice.settings import Settings, load
from sealservice.timestamps.authority import TimestampAuthority
from sealservice.timestamps.client import OutsideTimestamps
from sealservice.timestamps.sources import TimestampSource, WhenAsked
from sealservice.workers.limits import MEBIBYTE, Limits
from sealservice.workers.pool import WorkerPool

_ALGORITHMS = {"P-256": ECDSA_P256, "RSA-3072": RSA_3072}


class House:
    """All parts of one data folder, for one process. Close it: the token and the workers are given back then."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self._open: list[tuple[str, object]] = []

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def algorithm(self) -> str:
        """The OID of the algorithm that new keys sign with."""
        return _ALGORITHMS[self.settings.signing.algorithm]

    @property
    def protection(self) -> Protection:
        return Protection.WRAPPED if self.settings.token.seal_keys_wrapped else Protection.TOKEN_OBJECT

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database_url)

    @cached_property
    def instance(self) -> Instance:
        return Instance(self.running)

    @property
    def running(self) -> Path:
        return self.home / "running"

    @cached_property
    def store(self) -> DocumentStore:
        return DocumentStore(self.home / "documents")

    @cached_property
    def keys(self) -> TokenKeyStore:
        """The service's key store. Opening it tests it; it says itself what is wrong."""
        return open_key_store(token_settings(self.settings, root=False), on_late=self.latecomers.arrived)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        """The keys of the service's token, also when another process has moved one under a new wrapping key."""
        return SigningKeys(Keyring(self.database, self.clock, self.keys))

    @contextmanager
    def root_keys(self) -> Iterator[TokenKeyStore]:
        """The root's key store, for the length of a ceremony."""
        with opened(token_settings(self.settings, root=True)) as store:
            yield store

    @cached_property
    def latecomers(self) -> Latecomers:
        return Latecomers()

    @cached_property
    def workers(self) -> WorkerPool:
        return WorkerPool(size=self.settings.workers.count, limits=worker_limits(self.settings))

    @cached_property
    def parties(self) -> Parties:
        return Parties(self.database, self.clock, production=self.settings.production)

    @cached_property
    def authority(self) -> Authority:
        return Authority(self.database, self.clock, self.keys, production=self.settings.production)

    @cached_property
    def outside_authority(self) -> OutsideAuthority:
        return OutsideAuthority(self.database, self.clock, self.keys, production=self.settings.production)

    @cached_property
    def trust(self) -> TrustFile:
        return TrustFile(self.authority, self.home / "trust")

    @cached_property
    def seals(self) -> Seals:
        return Seals(
            database=self.database,
            clock=self.clock,
            requests=Requests(
                database=self.database,
                clock=self.clock,
                store=self.store,
                artist=Artist(self.workers, self.settings.font_folder),
                instance=self.instance.name,
            ),
            making=Making(
                database=self.database,
                authority=self.authority,
                outside=self.outside_authority,
                algorithm=self.algorithm,
                protection=self.protection,
            ),
            trust=self.trust,
        )

    @cached_property
    def filing(self) -> Filing:
        return Filing(self.database, self.store)

    @cached_property
    def own_timestamps(self) -> TimestampAuthority:
        """Our own timestamp authority. Raises Misconfigured("AUTHORITY_MISSING") before a ceremony."""
        with self.database.read() as session:
            certificate = find_newest(session, ProfileName.TIMESTAMP)
            if certificate is None:
                raise Misconfigured("AUTHORITY_MISSING")
            chain, key = chain_of(session, certificate), session.get_one(StoredKey, certificate.key_id)
        signing_key = self.keys.signing_key(key.ref)
        return TimestampAuthority(signing_key, chain, self.clock, HighWater(self.database), key_id=key.key_id)

    @cached_property
    def timestamps(self) -> TimestampSource:
        wanted = self.settings.timestamps
        if wanted.authorities:
            return OutsideTimestamps(wanted.authorities, seconds=wanted.seconds)
        return self.own_timestamps

    @cached_property
    def pressing(self) -> Pressing:
        timestamps = WhenAsked(lambda: self.timestamps)  # B-B needs none, and a house may have none yet
        return Pressing(
            database=self.database,
            clock=self.clock,
            store=self.store,
            workers=self.workers,
            intentions=Intentions(self.database, self.clock, self.instance.name, timestamps),
            instruments=Instruments(self.database, self.store),
            signer=Signer(self.signing_keys.get, timestamps),
            recorder=Recorder(self.database, self.clock, self.store),
            latecomers=self.latecomers,
            judgement=Judgement(self.settings.signing.examined_share, self.workers),
            instance=self.instance.name,
        )

    def settle(self) -> Settled:
        """Settles what dead processes left behind."""
        abandon_unissued(self.database, self.clock)
        return Reconciler(self.database, self.clock, self.store, self.running).settle()

    def close(self) -> None:
        """Gives back what was opened: workers first, the token last."""
        for name in ("workers", "timestamps", "keys", "instance", "database"):
            part = self.__dict__.pop(name, None)
            if hasattr(part, "close"):
                part.close()


def token_settings(settings: Settings, *, root: bool) -> TokenSettings:
    """What the key store has to know to open the service's token, or the root's. Raises Misconfigured."""
    token = settings.token
    require_private_tokens(settings.home)
    return TokenSettings(
        module=token.module or find_module(),
        token_label=token.root_label if root else token.label,
        pin_source=pin_source(settings, root=root),
        state_folder=settings.home / "keystore",
        softhsm_conf=write_softhsm_configuration(settings.home) if settings.softhsm_conf.exists() else None,
        sessions=1 if root else token.sessions,
        deadline_seconds=token.deadline_seconds,
        unwrapped_keys=token.unwrapped_keys,
        wrapping_allowed=token.seal_keys_wrapped and not root,
    )


def pin_source(settings: Settings, *, root: bool) -> PinSource:
    token = settings.token
    variable = token.root_pin_variable if root else token.pin_variable
    if variable is not None:
        return PinEnvironment(variable)
    return PinFile(settings.inside(token.root_pin_file if root else token.pin_file))


def worker_limits(settings: Settings) -> Limits:
    workers = settings.workers
    return Limits(
        memory_bytes=workers.memory_megabytes * MEBIBYTE,
        cpu_seconds=workers.cpu_seconds,
        wall_seconds=float(workers.wall_seconds),
        document_bytes=workers.document_megabytes * MEBIBYTE,
        pages=workers.pages,
    )


@contextmanager
def open_house(home: Path, *, clock: Clock | None = None, settle: bool = True) -> Iterator[House]:
    """The house of the data folder `home`, its tables up to date and what a crash left behind settled.

    Raises Misconfigured for a folder that is none, is closed to this account, or lost its database; only founding
    makes these."""
    require_founded(home)
    house = House(load(home), clock or SystemClock())
    try:
        require_tables(house.database)
        house.database.migrate()
        require_own_home(house.database, home)
        if settle:
            house.settle()
        yield house
    finally:
        house.close()
