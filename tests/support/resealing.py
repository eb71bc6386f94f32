"""The signature value of a sealed PDF taken out and another put in: a CMS of any shape, by the real key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sealverify import oids
from sealverify.certificate import subject_name
from sealverify.cms import SignedData, SignerTemplate, read_signed_data
from sealverify.digest import Digest
from sealverify.timestamp import tst_info
from tests.support.pki import Identity
from tests.support.tampering import contents_hole

Stamp = Callable[[Digest], bytes]


def cms_of(data: bytes) -> SignedData:
    """What stands in the one hole of `data`."""
    hole, rest = contents_hole(data)
    return read_signed_data(bytes.fromhex(data[hole + 1 : rest - 1].decode()))


def with_cms(data: bytes, cms: bytes) -> bytes:
    """`data` with `cms` in its hole, zeros behind."""
    hole, rest = contents_hole(data)
    digits = cms.hex().encode()
    assert len(digits) <= rest - hole - 2
    return data[: hole + 1] + digits.ljust(rest - hole - 2, b"0") + data[rest - 1 :]


def resealed(
    data: bytes,
    seal: Identity,
    *,
    stamp: Stamp | None = None,
    names_certificate: bool = True,
    chain: Sequence[bytes] | None = None,
) -> bytes:
    """`data` with a new signature of `seal`, written as our service writes it. `stamp` makes the token over the
    signature value; `chain` is what travels beside the seal's certificate."""
    hole, rest = contents_hole(data)
    template = _template(seal, names_certificate, seal.chain_der if chain is None else chain)
    digest = Digest.of(data[:hole], data[rest:])
    attributes = template.signed_attributes(content_type=oids.DATA, digest=digest.value)
    signature = seal.sign(attributes)
    token = stamp(Digest.of(signature)) if stamp else None
    return with_cms(data, template.assemble(signed_attributes=attributes, signature=signature, timestamp_token=token))


def token_of(
    tsa: Identity,
    digest: Digest,
    *,
    time: datetime,
    names_certificate: bool = True,
    chain: Sequence[bytes] | None = None,
    nonce: int | None = None,
    serial: int = 77,
) -> bytes:
    """A token as a timestamp authority with the key `tsa` would make it."""
    info = tst_info(
        policy=oids.TIMESTAMP_POLICY,
        digest=digest,
        serial=serial,
        time=time,
        accuracy_millis=1500,
        nonce=nonce,
        tsa_name=subject_name(tsa.der),
    )
    template = _template(tsa, names_certificate, tsa.chain_der if chain is None else chain)
    attributes = template.signed_attributes(content_type=oids.TST_INFO, digest=Digest.of(info).value)
    return template.assemble(
        signed_attributes=attributes, signature=tsa.sign(attributes), encapsulated=(oids.TST_INFO, info)
    )


def _template(identity: Identity, names_certificate: bool, chain: Sequence[bytes]) -> SignerTemplate:
    template = SignerTemplate.for_certificate(identity.der, chain=chain, algorithm=identity.algorithm)
    if names_certificate:
        return template
    return replace(template, fixed_attributes=(b"", template.fixed_attributes[1]))
