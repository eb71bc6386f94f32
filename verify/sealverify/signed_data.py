"""CMS SignedData with exactly one signer, read from whatever somebody put into a file (RFC 5652 §5).

Every failure is `MalformedCms`. What is readable but not as the standards write it is said aside, in `deviations`,
because "badly encoded" and "tampered with" are different news. Nothing is believed here: whether the signature holds
is asked with `SignedData.check`, and who the signer is is not asked at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sealverify import ber, der, oids
from sealverify.algorithms import SIGNATURES, AlgorithmIdentifier, hash_name
from sealverify.certificate import issuer_and_serial, subject_key_identifier
from sealverify.digest import Digest
from sealverify.errors import Malformed, MalformedCms, SignatureWrong
from sealverify.keys import check_signature

_MAX_CERTIFICATES = 64
"""More are counted and not kept; path building takes far fewer still (see `policy`)."""
_GROUPS: tuple[list[int], ...] = ([], [0xA0], [0xA1], [0xA0, 0xA1])
"""What may stand before the signers: certificates, revocation lists (RFC 5652 §5.1)."""


class Deviation(StrEnum):
    """Readable, and not as DER or the CMS standards write it."""

    NOT_DER = "NOT_DER"
    UNSORTED_ATTRIBUTES = "UNSORTED_ATTRIBUTES"
    DIGEST_NOT_LISTED = "DIGEST_NOT_LISTED"
    NO_SIGNED_ATTRIBUTES = "NO_SIGNED_ATTRIBUTES"
    WRONG_VERSION = "WRONG_VERSION"
    FOREIGN_ATTRIBUTE = "FOREIGN_ATTRIBUTE"
    """An unsigned attribute that is no timestamp: anybody could have put it there, and it is not looked into."""
    FOREIGN_CERTIFICATE = "FOREIGN_CERTIFICATE"
    """Among the certificates something that is no X.509 certificate (RFC 5652 §10.2.2); it is not looked into."""


@dataclass(frozen=True, kw_only=True)
class SignerInfo:
    """The one signer, as it describes itself."""

    issuer: bytes | None
    """The Name of its certificate's issuer; None when the signer is named by `subject_key_identifier` instead."""
    serial: int | None
    subject_key_identifier: bytes | None
    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: AlgorithmIdentifier
    signed_attributes: bytes = field(repr=False)
    """The SET OF that the signature is over, its octets as received; empty when there is none."""
    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    """Signed attributes by OID: their values, as whole elements."""
    signature: bytes = field(repr=False)
    timestamp_tokens: tuple[bytes, ...] = field(repr=False)
    version: int
    unsigned_attributes: frozenset[str]
    """The OIDs of what nobody signed."""

    @property
    def digest_name(self) -> str:
        """Of the hash that message-digest is in, such as "sha256". Raises AlgorithmUnknown."""
        return hash_name(self.digest_algorithm)

    def value(self, oid: str) -> ber.Element | None:
        """The single value of a signed attribute, None when absent. Raises MalformedCms when it has not one value."""
        values = self.attributes.get(oid)
        if values is None:
            return None
        if len(values) != 1:
            raise MalformedCms("CMS_ATTRIBUTE", oid=oid)
        return ber.read(values[0])


@dataclass(frozen=True, kw_only=True)
class SignedData:
    """A CMS that was read. Nothing in it is believed yet."""

    content_type: str
    content: bytes | None
    """What travels inside (eContent), or None when the CMS is detached."""
    certificates: tuple[bytes, ...]
    """DER, in the order found, at most 64 of `certificate_count`."""
    certificate_count: int
    foreign_certificates: int
    """How many in their set are of another kind, and left aside."""
    signer: SignerInfo
    version: int
    whole: ber.Element = field(repr=False)
    digest_algorithms: ber.Element = field(repr=False)

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """What is not as the standards write it. Looked for when somebody asks: it takes ten times the reading.
        Raises MalformedDer."""
        return tuple(_deviations(self))

    def signer_certificate(self) -> bytes | None:
        """The embedded certificate that the signer names, None when it is not among them."""
        return next((item for item in self.certificates if self._is_named(item)), None)

    def _is_named(self, certificate: bytes) -> bool:
        signer = self.signer
        try:
            if signer.issuer is None:
                return subject_key_identifier(certificate) == signer.subject_key_identifier
            issuer, serial = issuer_and_serial(certificate)
            return issuer == signer.issuer and ber.read(serial).integer() == signer.serial
        except Malformed:
            return False

    def check(self, *, digest: Digest, public_key: bytes) -> None:
        """Whether the signer of `public_key` (DER SubjectPublicKeyInfo) signed the content that has `digest`: the
        message-digest attribute equals it, content-type names the content, the signature is over the attributes.

        Raises SignatureWrong, AlgorithmUnknown, or MalformedCms for an attribute that cannot be read."""
        self.check_attributes(digest=digest)
        self.check_signature(public_key)

    def check_attributes(self, *, digest: Digest) -> None:
        """RFC 5652 §5.4, §11.1, §11.2. Raises SignatureWrong("DIGEST_MISMATCH" or "CONTENT_TYPE_MISMATCH")."""
        signer = self.signer
        stated, kind = signer.value(oids.MESSAGE_DIGEST), signer.value(oids.CONTENT_TYPE)
        if stated is None or kind is None:
            raise MalformedCms("CMS_ATTRIBUTE", oid=oids.MESSAGE_DIGEST if stated is None else oids.CONTENT_TYPE)
        if digest.algorithm != signer.digest_name or stated.octets() != digest.value:
            raise SignatureWrong("DIGEST_MISMATCH")
        if kind.oid() != self.content_type:
            raise SignatureWrong("CONTENT_TYPE_MISMATCH")

    def check_signature(self, public_key: bytes) -> None:
        """The signature value alone, over the signed attributes as received."""
        signer = self.signer
        if not signer.signed_attributes:
            raise MalformedCms("CMS_ATTRIBUTE", oid=oids.MESSAGE_DIGEST)
        self._check_algorithms()
        check_signature(
            public_key,
            signer.signature_algorithm,
            signer.signed_attributes,
            signer.signature,
            digest=signer.digest_name,
        )

    def _check_algorithms(self) -> None:
        """The signature's hash is the digest's hash, and CMSAlgorithmProtection, if there, says both (RFC 6211 §3)."""
        signer = self.signer
        entry = SIGNATURES.get(signer.signature_algorithm.oid)
        if entry is not None and entry.hash not in (None, signer.digest_name):
            raise SignatureWrong("ALGORITHM_MISMATCH")
        protection = signer.value(oids.ALGORITHM_PROTECTION)
        if protection is None:
            return
        digest, *others = protection.expect(der.SEQUENCE).children()
        signature = [AlgorithmIdentifier.of(item, tag=0xA1) for item in others if item.tag == 0xA1]
        if AlgorithmIdentifier.of(digest).oid != signer.digest_algorithm.oid or [item.oid for item in signature] != [
            signer.signature_algorithm.oid
        ]:
            raise SignatureWrong("ALGORITHM_MISMATCH")


def read_signed_data(data: bytes) -> SignedData:
    """Reads a ContentInfo with SignedData. Zero octets after it are padding of the PDF's placeholder and are fine.

    Raises MalformedCms for all else: no SignedData, not exactly one SignerInfo, other octets behind."""
    try:
        outer = ber.read(data)
        if data[outer.end :].strip(b"\x00"):
            raise MalformedCms("CMS_TRAILING", offset=outer.end)
        return _signed_data(outer)
    except MalformedCms:
        raise
    except (Malformed, IndexError, ValueError) as problem:
        raise MalformedCms("CMS_UNREADABLE", cause=str(problem)) from problem


def _signed_data(outer: ber.Element) -> SignedData:
    kind, wrapped = outer.expect(der.SEQUENCE).children()
    if kind.oid() != oids.SIGNED_DATA:
        raise MalformedCms("CMS_KIND", oid=kind.oid())
    (body,) = wrapped.expect(0xA0).children()
    version, digests, encapsulated, *rest = body.expect(der.SEQUENCE).children()
    signers = rest.pop().expect(der.SET).children()
    if [item.tag for item in rest] not in _GROUPS:
        raise MalformedCms("CMS_UNREADABLE", cause="unknown parts")
    if len(signers) != 1:
        raise MalformedCms("CMS_SIGNERS", count=len(signers))
    choices = [item for group in rest if group.tag == 0xA0 for item in group.children()]
    certificates = [item.encoded for item in choices if item.tag == der.SEQUENCE]
    content_type, content = _encapsulated(encapsulated)
    signer = _signer(signers[0])
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=tuple(certificates[:_MAX_CERTIFICATES]),
        certificate_count=len(certificates),
        foreign_certificates=len(choices) - len(certificates),
        signer=signer,
        version=version.integer(),
        whole=outer,
        digest_algorithms=digests,
    )


def _encapsulated(element: ber.Element) -> tuple[str, bytes | None]:
    kind, *content = element.expect(der.SEQUENCE).children()
    if not content:
        return kind.oid(), None
    (inner,) = content[0].expect(0xA0).children()
    return kind.oid(), inner.octets()


def _signer(element: ber.Element) -> SignerInfo:
    version, identifier, digest, *rest = element.expect(der.SEQUENCE).children()
    signed = rest.pop(0) if rest[0].tag == 0xA0 else None
    algorithm, signature, *more = rest
    if len(more) > 1:
        raise MalformedCms("CMS_TRAILING", offset=more[1].start)
    unsigned = _attributes(more[0].expect(0xA1)) if more else {}
    issuer, serial, key_identifier = _identifier(identifier)
    return SignerInfo(
        issuer=issuer,
        serial=serial,
        subject_key_identifier=key_identifier,
        digest_algorithm=AlgorithmIdentifier.of(digest),
        signature_algorithm=AlgorithmIdentifier.of(algorithm),
        signed_attributes=_retagged(signed) if signed else b"",
        attributes=_attributes(signed) if signed else {},
        signature=signature.octets(),
        timestamp_tokens=unsigned.get(oids.TIMESTAMP_TOKEN, ()),
        version=version.integer(),
        unsigned_attributes=frozenset(unsigned),
    )


def _identifier(element: ber.Element) -> tuple[bytes | None, int | None, bytes | None]:
    if element.tag == 0x80:
        return None, None, element.content
    issuer, serial = element.expect(der.SEQUENCE).children()
    return issuer.expect(der.SEQUENCE).encoded, serial.integer(), None


def _retagged(signed: ber.Element) -> bytes:
    """The signature is over the attributes as a SET OF, not as [0] IMPLICIT (RFC 5652 §5.4). An indefinite length
    becomes a definite one; the order is left as received."""
    return der.tlv(der.SET, signed.content)


def _attributes(group: ber.Element) -> dict[str, tuple[bytes, ...]]:
    """An attribute that stands twice is put together, so that asking for its one value fails (RFC 5652 §5.3)."""
    found: dict[str, tuple[bytes, ...]] = {}
    for item in group.children():
        kind, values = item.expect(der.SEQUENCE).children()
        more = tuple(value.encoded for value in values.expect(der.SET).children())
        found[kind.oid()] = found.get(kind.oid(), ()) + more
    return found


def _deviations(data: SignedData) -> Iterator[Deviation]:
    signer = data.signer
    if not ber.is_der(data.whole.encoded):
        yield Deviation.NOT_DER
    if not signer.signed_attributes:
        yield Deviation.NO_SIGNED_ATTRIBUTES
    elif not _sorted(signer.signed_attributes):
        yield Deviation.UNSORTED_ATTRIBUTES
    listed = [AlgorithmIdentifier.of(item) for item in data.digest_algorithms.expect(der.SET).children()]
    if signer.digest_algorithm.oid not in [item.oid for item in listed]:
        yield Deviation.DIGEST_NOT_LISTED
    if (data.version, signer.version) != _versions(data):
        yield Deviation.WRONG_VERSION
    if signer.unsigned_attributes - {oids.TIMESTAMP_TOKEN}:
        yield Deviation.FOREIGN_ATTRIBUTE
    if data.foreign_certificates:
        yield Deviation.FOREIGN_CERTIFICATE


def _versions(data: SignedData) -> tuple[int, int]:
    """Of SignedData and SignerInfo, as RFC 5652 §5.1 and §5.3 have them for what we read."""
    by_key = data.signer.issuer is None
    return (3 if by_key or data.content_type != oids.DATA else 1), (3 if by_key else 1)


def _sorted(attributes: bytes) -> bool:
    encoded = [item.encoded for item in ber.read(attributes).children()]
    return encoded == sorted(encoded)
