"""RFC 3161 timestamps: request, TSTInfo, answer and token, both ways.

A token is a CMS (`sealverify.cms`) around a TSTInfo. Reading believes nothing; whether the token's signature holds and
whose it is is judged elsewhere. This room asks no server and owns no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealverify import ber, der, oids
from sealverify.algorithms import AlgorithmIdentifier, hash_identifier, hash_name
from sealverify.digest import Digest
from sealverify.errors import AlgorithmUnknown, Malformed, MalformedDer, MalformedTimestamp, TimestampRefused
from sealverify.signed_data import SignedData, read_signed_data

GRANTED, GRANTED_WITH_MODS, REJECTION = 0, 1, 2

FAILURES = {
    "badAlg": 0,
    "badRequest": 2,
    "badDataFormat": 5,
    "timeNotAvailable": 14,
    "unacceptedPolicy": 15,
    "unacceptedExtension": 16,
    "addInfoNotAvailable": 17,
    "systemFailure": 25,
}
"""PKIFailureInfo: the bit of each reason (RFC 3161 §2.4.2)."""


@dataclass(frozen=True, kw_only=True)
class TimestampRequest:
    digest: Digest
    policy: str | None
    nonce: int | None
    cert_req: bool


@dataclass(frozen=True, kw_only=True)
class TimestampToken:
    """A token that was read; `signed_data` is what holds it together, still to be checked."""

    time: datetime
    digest: Digest
    policy: str
    serial: int
    nonce: int | None
    accuracy_seconds: float | None
    signed_data: SignedData
    tst_info: bytes
    """The content that the token's signature is over."""


def imprint(digest: Digest) -> bytes:
    """MessageImprint of `digest`."""
    return der.sequence(hash_identifier(digest.algorithm), der.octet_string(digest.value))


def encode_request(digest: Digest, *, nonce: int | None, policy: str | None = None, cert_req: bool = True) -> bytes:
    """TimeStampReq, version 1, without extensions."""
    return der.sequence(
        der.integer(1),
        imprint(digest),
        der.oid(policy) if policy else b"",
        der.integer(nonce) if nonce is not None else b"",
        der.TRUE if cert_req else b"",
    )


def read_request(data: bytes) -> TimestampRequest:
    """Raises MalformedTimestamp; its details name the `failure` to answer with (a key of FAILURES)."""
    try:
        version, hashed, *rest = ber.read_whole(data).expect(der.SEQUENCE).children()
        if version.integer() != 1:
            raise MalformedTimestamp("TIMESTAMP_REQUEST", failure="badRequest")
        fields = {item.tag: item for item in rest}
        if len(fields) != len(rest) or not fields.keys() <= {der.OID, der.INTEGER, 0x01, 0xA0}:
            raise MalformedTimestamp("TIMESTAMP_REQUEST", failure="badDataFormat")
        if 0xA0 in fields:
            raise MalformedTimestamp("TIMESTAMP_REQUEST", failure="unacceptedExtension")
        return TimestampRequest(
            digest=_imprint(hashed),
            policy=fields[der.OID].oid() if der.OID in fields else None,
            nonce=fields[der.INTEGER].integer() if der.INTEGER in fields else None,
            cert_req=0x01 in fields and fields[0x01].content != b"\x00",
        )
    except AlgorithmUnknown as problem:
        raise MalformedTimestamp("TIMESTAMP_REQUEST", failure="badAlg") from problem
    except (MalformedDer, ValueError) as problem:
        raise MalformedTimestamp("TIMESTAMP_REQUEST", failure="badDataFormat") from problem


def _imprint(element: ber.Element) -> Digest:
    algorithm, value = element.expect(der.SEQUENCE).children()
    return Digest(hash_name(AlgorithmIdentifier.of(algorithm)), value.octets())


def tst_info(  # the fields of one structure of the standard
    *,
    policy: str,
    digest: Digest,
    serial: int,
    time: datetime,
    accuracy_millis: int | None = None,
    nonce: int | None = None,
    tsa_name: bytes | None = None,
) -> bytes:
    """TSTInfo, version 1. `tsa_name` is the DER Name of the authority's certificate."""
    return der.sequence(
        der.integer(1),
        der.oid(policy),
        imprint(digest),
        der.integer(serial),
        der.generalized_time(time),
        _accuracy(accuracy_millis) if accuracy_millis is not None else b"",
        der.integer(nonce) if nonce is not None else b"",
        der.explicit(0, der.explicit(4, tsa_name)) if tsa_name else b"",
    )


def _accuracy(millis: int) -> bytes:
    seconds, rest = divmod(millis, 1000)
    return der.sequence(der.integer(seconds) if seconds else b"", der.implicit(0, der.integer(rest)) if rest else b"")


def encode_response(token: bytes) -> bytes:
    """TimeStampResp, granted."""
    return der.sequence(der.sequence(der.integer(GRANTED)), token)


def encode_failure(*, failure: str, text: str, status: int = REJECTION) -> bytes:
    """TimeStampResp without a token. `failure` is a key of FAILURES."""
    bit = FAILURES[failure]
    octets = bytearray(bit // 8 + 1)
    octets[-1] = 0x80 >> bit % 8
    info = der.tlv(der.BIT_STRING, bytes((7 - bit % 8,)) + octets)
    return der.sequence(der.sequence(der.integer(status), der.sequence(der.utf8_string(text)), info))


def read_response(data: bytes) -> bytes:
    """The token of a TimeStampResp. Raises TimestampRefused when the authority said no, MalformedTimestamp."""
    try:
        status_info, *token = ber.read_whole(data).expect(der.SEQUENCE).children()
        status, *rest = status_info.expect(der.SEQUENCE).children()
        if status.integer() in (GRANTED, GRANTED_WITH_MODS) and len(token) == 1:
            return token[0].encoded
        raise TimestampRefused("TIMESTAMP_REFUSED", status=status.integer(), failure=_failure(rest), text=_text(rest))
    except (MalformedDer, ValueError) as problem:
        raise MalformedTimestamp("TIMESTAMP_RESPONSE", failure="badDataFormat") from problem


def _failure(rest: list[ber.Element]) -> str:
    for item in rest:
        if item.tag == der.BIT_STRING:
            bits = item.content[1:]
            return ",".join(
                name for name, bit in FAILURES.items() if bit // 8 < len(bits) and bits[bit // 8] & 0x80 >> bit % 8
            )
    return ""


def _text(rest: list[ber.Element]) -> str:
    for item in rest:
        if item.tag == der.SEQUENCE:
            return " ".join(piece.content.decode("utf-8", "replace") for piece in item.children())[:500]
    return ""


def read_token(data: bytes) -> TimestampToken:
    """A TimeStampToken, zero padding behind it tolerated. Raises MalformedTimestamp."""
    try:
        signed = read_signed_data(data)
        if signed.content_type != oids.TST_INFO or signed.content is None:
            raise MalformedTimestamp("TIMESTAMP_TOKEN", failure="badDataFormat")
        return _token(signed, signed.content)
    except MalformedTimestamp:
        raise
    except (Malformed, AlgorithmUnknown, ValueError, IndexError) as problem:
        raise MalformedTimestamp("TIMESTAMP_TOKEN", failure="badDataFormat") from problem


def _token(signed: SignedData, content: bytes) -> TimestampToken:
    _version, policy, hashed, serial, time, *rest = ber.read_whole(content).expect(der.SEQUENCE).children()
    fields = {item.tag: item for item in rest}
    return TimestampToken(
        time=time.time(),
        digest=_imprint(hashed),
        policy=policy.oid(),
        serial=serial.integer(),
        nonce=fields[der.INTEGER].integer() if der.INTEGER in fields else None,
        accuracy_seconds=_seconds(fields[der.SEQUENCE]) if der.SEQUENCE in fields else None,
        signed_data=signed,
        tst_info=content,
    )


def _seconds(accuracy: ber.Element) -> float:
    scale = {der.INTEGER: 1.0, 0x80: 1e-3, 0x81: 1e-6}
    return sum(
        int.from_bytes(item.content, "big") * scale[item.tag] for item in accuracy.children() if item.tag in scale
    )
