"""The ceremony: the one hour in which the root's token is open.

It makes the root (once), certifies a fresh issuing key, and equips the timestamp authority and the status signer. The
caller opens the root's key store for it and closes it right after; nothing else in the house is ever given that store.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from keystore.keys import KeyStore, Protection
from sealservice.audit.operations import append
from sealservice.certificates.issuing import CertificateOrder, Issuer, issue
from sealservice.certificates.keyring import Keyring, KeyWanted
from sealservice.certificates.model import Certificate, Purpose, StoredKey
from sealservice.certificates.profiles import ProfileName, Subject
from sealservice.certificates.queries import find_newest, is_demo
from sealservice.certificates.revocation import ROOT_LIST_LASTS, announcement, revocation_list
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database
from sealservice.kernel.errors import Refused
from sealservice.parties.operations import get_person


@dataclass(frozen=True)
class Held:
    """What a ceremony leaves: the new issuing certificate, and the root's list of what it revoked (DER)."""

    issuing: Certificate
    root_revocation_list: bytes


@dataclass(frozen=True)
class Ceremony:
    """Both key stores, where the records go, and in whose name the authority speaks."""

    database: Database
    clock: Clock
    root_keys: KeyStore
    service_keys: KeyStore
    name: str
    organization: str
    algorithm: str
    unit: str | None = None
    production: bool = True

    def hold(self, *, actor: str) -> Held:
        """Held again, it keeps the root and renews everything below it."""
        with self.database.read() as session:
            get_person(session, actor)
        if self.production and is_demo(self._subject("").name()):
            raise Refused("DEMO_IN_PRODUCTION", name=self.name)
        root = self._find_root() or self._make_root(actor)
        issuing = self._certify(root, Purpose.ISSUING, ProfileName.ISSUING, "Issuing CA", actor)
        self._certify(issuing, Purpose.TIMESTAMP, ProfileName.TIMESTAMP, "Timestamp Authority", actor)
        self._certify(issuing, Purpose.STATUS, ProfileName.STATUS, "Status", actor)
        if issuing.certificate is None:
            raise AssertionError("an issuer below the root has a certificate")
        return Held(issuing.certificate, self._root_list(root, actor))

    def _root_list(self, root: Issuer, actor: str) -> bytes:
        if root.certificate is None:
            raise AssertionError("a root that was made or found has a certificate")
        now = self.clock.now()
        with self.database.begin() as session:
            append(session, announcement(root.certificate, (), now=now, lasts=ROOT_LIST_LASTS, actor=actor))
        return revocation_list(root, (), now=now, lasts=ROOT_LIST_LASTS)

    def _find_root(self) -> Issuer | None:
        with self.database.read() as session:
            certificate = find_newest(session, ProfileName.ROOT)
            if certificate is None:
                return None
            key = session.scalars(select(StoredKey).where(StoredKey.key_id == certificate.key_id)).one()
        return Issuer(certificate, self.root_keys.signing_key(key.ref))

    def _make_root(self, actor: str) -> Issuer:
        key = self._make_key(self.root_keys, Purpose.ROOT, actor)
        signing = self.root_keys.signing_key(key.ref)
        order = CertificateOrder(ProfileName.ROOT, self._subject("Root CA"), key)
        return Issuer(issue(self.database, self.clock, Issuer(None, signing), order, actor=actor), signing)

    def _certify(self, above: Issuer, purpose: Purpose, profile: ProfileName, role: str, actor: str) -> Issuer:
        key = self._make_key(self.service_keys, purpose, actor)
        order = CertificateOrder(profile, self._subject(role), key)
        certificate = issue(self.database, self.clock, above, order, actor=actor)
        return Issuer(certificate, self.service_keys.signing_key(key.ref))

    def _make_key(self, keys: KeyStore, purpose: Purpose, actor: str) -> StoredKey:
        wanted = KeyWanted(
            purpose=purpose,
            label=f"{purpose.lower()}-{self.clock.now():%Y%m%d}",
            algorithm=self.algorithm,
            protection=Protection.TOKEN_OBJECT,
        )
        return Keyring(self.database, self.clock, keys).make(wanted, actor=actor)

    def _subject(self, role: str) -> Subject:
        return Subject(common_name=f"{self.name} {role}".strip(), organization=self.organization, unit=self.unit)
