"""Our CMS is what openssl and asn1crypto understand, theirs is what we understand, and everything else is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms as second
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from sealverify import der, oids
from sealverify.cms import Deviation, SignedData, SignerTemplate, attribute, read_signed_data
from sealverify.digest import Digest
from sealverify.errors import AlgorithmUnknown, MalformedCms, SealVerifyError, SignatureWrong
from tests.support.pki import DemoPki, Identity

CONTENT = "青禾区行政审批局".encode() * 100


def seal(identity: Identity, content: bytes = CONTENT, *, inside: bool = False, **more: object) -> bytes:
    template = SignerTemplate.for_certificate(identity.der, chain=identity.chain_der, algorithm=identity.algorithm)
    attributes = template.signed_attributes(content_type=oids.DATA, digest=Digest.of(content).value)
    encapsulated = (oids.DATA, content) if inside else None
    return template.assemble(
        signed_attributes=attributes, signature=identity.sign(attributes), encapsulated=encapsulated, **more
    )


@pytest.fixture(scope="module")
def sealed(pki: DemoPki) -> bytes:
    return seal(pki.seal)


def test_what_we_write_we_read_and_it_holds(pki: DemoPki, sealed: bytes) -> None:
    signed = read_signed_data(sealed + bytes(100))
    signed.check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)
    assert signed.signer_certificate() == pki.seal.der
    assert signed.content is None
    assert signed.deviations == ()
    assert oids.SIGNING_TIME not in signed.signer.attributes, "EN 319 142-1 wants the time in /M"


def test_a_second_reader_finds_the_same(pki: DemoPki, sealed: bytes) -> None:
    info = second.ContentInfo.load(sealed, strict=True)
    assert info.dump(force=True) == sealed, "asn1crypto writes the very same bytes"
    signer = info["content"]["signer_infos"][0]
    found = {item["type"].native for item in signer["signed_attrs"]}
    assert found == {"content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection"}
    names = {item.chosen.subject.native["common_name"] for item in info["content"]["certificates"]}
    assert names == {"行政审批专用章", "演示签发 Demo Issuing"}


@pytest.mark.parametrize("kind", ["seal", "rsa_seal"])
@pytest.mark.parametrize("inside", [False, True])
def test_openssl_verifies_it(pki: DemoPki, tmp_path: Path, kind: str, inside: bool) -> None:
    (tmp_path / "seal.der").write_bytes(seal(getattr(pki, kind), inside=inside))
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root.pem").write_bytes(pki.anchors)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "seal.der", "-CAfile", "root.pem"]
    command += ["-purpose", "any", "-out", "out"] + ([] if inside else ["-content", "content"])
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize("options", [[], ["-keyid"], ["-stream", "-indef"]])
def test_what_openssl_writes_we_read(pki: DemoPki, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "seal.pem").write_bytes(pki.seal.pem + pki.seal.key_pem)
    command = ["openssl", "cms", "-sign", "-binary", "-in", "content", "-signer", "seal.pem", "-outform", "DER"]
    subprocess.run([*command, "-cades", "-out", "out", *options], cwd=tmp_path, check=True, capture_output=True)
    signed = read_signed_data((tmp_path / "out").read_bytes())
    signed.check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)
    assert signed.signer_certificate() == pki.seal.der
    assert (Deviation.NOT_DER in signed.deviations) == ("-indef" in options)


def test_another_content_or_another_key_does_not_hold(pki: DemoPki, sealed: bytes) -> None:
    signed = read_signed_data(sealed)
    with pytest.raises(SignatureWrong, match="DIGEST_MISMATCH"):
        signed.check(digest=Digest.of(CONTENT + b"."), public_key=pki.seal.public_key)
    with pytest.raises(SignatureWrong, match="DIGEST_MISMATCH"):
        signed.check(digest=Digest.of(CONTENT, algorithm="sha512"), public_key=pki.seal.public_key)
    with pytest.raises(SignatureWrong, match="SIGNATURE_WRONG"):
        signed.check(digest=Digest.of(CONTENT), public_key=pki.other_seal.public_key)
    with pytest.raises(AlgorithmUnknown, match="KEY_MISMATCH"):
        signed.check(digest=Digest.of(CONTENT), public_key=pki.rsa_seal.public_key)


def altered(sealed: bytes, change: object) -> bytes:
    info = second.ContentInfo.load(sealed)
    change(info["content"])  # type: ignore[operator]
    return bytes(info.dump(force=True))


def test_two_signers_are_refused(sealed: bytes) -> None:
    def twice(data: second.SignedData) -> None:
        copy = second.SignerInfo.load(data["signer_infos"][0].dump())
        copy["signature"] = b"another"
        data["signer_infos"].append(copy)

    with pytest.raises(MalformedCms, match="CMS_SIGNERS"):
        read_signed_data(altered(sealed, twice))


def test_attributes_out_of_order_are_told_and_still_judged(pki: DemoPki, sealed: bytes) -> None:
    attributes = read_signed_data(sealed).signer.signed_attributes
    pieces = [item.encoded for item in _children(attributes)]
    unsorted = der.tlv(der.SET, b"".join(reversed(pieces)))
    template = SignerTemplate.for_certificate(pki.seal.der, chain=(), algorithm=pki.seal.algorithm)
    signed = read_signed_data(template.assemble(signed_attributes=unsorted, signature=pki.seal.sign(unsorted)))
    assert signed.deviations == (Deviation.UNSORTED_ATTRIBUTES,)
    signed.check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)


def _children(encoded: bytes) -> list:  # type: ignore[type-arg]
    from sealverify import ber

    return ber.read_whole(encoded).children()


def test_an_attribute_that_stands_twice_is_refused(pki: DemoPki) -> None:
    template = SignerTemplate.for_certificate(pki.seal.der, chain=(), algorithm=pki.seal.algorithm)
    again = attribute(oids.MESSAGE_DIGEST, der.octet_string(Digest.of(b"another").value))
    attributes = template.signed_attributes(content_type=oids.DATA, digest=Digest.of(CONTENT).value, extra=[again])
    signed = read_signed_data(template.assemble(signed_attributes=attributes, signature=pki.seal.sign(attributes)))
    with pytest.raises(MalformedCms, match="CMS_ATTRIBUTE"):
        signed.check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)


def test_the_protected_algorithms_are_the_ones_used(pki: DemoPki, sealed: bytes) -> None:
    def weaken(data: second.SignedData) -> None:
        data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha512"}

    with pytest.raises(SignatureWrong, match=r"DIGEST_MISMATCH|ALGORITHM_MISMATCH"):
        read_signed_data(altered(sealed, weaken)).check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(5000),
        b"\x30\x00",
        b"%PDF-1.7",
        der.sequence(der.oid(oids.DATA), der.explicit(0, der.octet_string(b""))),
        der.sequence(der.oid(oids.SIGNED_DATA), der.explicit(0, der.sequence())),
        core.Integer(1).dump(),
    ],
)
def test_what_is_no_signed_data_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCms):
        read_signed_data(data)


def test_foreign_bytes_behind_the_signature_are_refused(sealed: bytes) -> None:
    with pytest.raises(MalformedCms, match="CMS_TRAILING"):
        read_signed_data(sealed + b"\x00\x00PK\x03\x04")


@settings(max_examples=300)
@given(data=st.data())
def test_a_changed_octet_never_passes_and_never_surprises(pki: DemoPki, sealed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sealed) - 1))
    wrong = bytearray(sealed)
    wrong[at] ^= data.draw(st.integers(1, 255))
    try:
        signed = read_signed_data(bytes(wrong))
        signed.check(digest=Digest.of(CONTENT), public_key=pki.seal.public_key)
    except SealVerifyError:
        return
    assert _same_evidence(signed, read_signed_data(sealed))


def _same_evidence(one: SignedData, other: SignedData) -> bool:
    """Octets outside what is signed (versions, certificates that travel along) may differ; the evidence may not."""
    return (one.signer.signed_attributes, one.signer.digest_algorithm.oid) == (
        other.signer.signed_attributes,
        other.signer.digest_algorithm.oid,
    )


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(MalformedCms):
        read_signed_data(data)


def test_a_template_wants_a_certificate_and_a_signature_algorithm(pki: DemoPki) -> None:
    with pytest.raises(MalformedCms):
        SignerTemplate.for_certificate(b"no certificate", chain=(), algorithm=pki.seal.algorithm)
    with pytest.raises(AlgorithmUnknown):
        SignerTemplate.for_certificate(pki.seal.der, chain=(), algorithm="1.2.840.113549.1.1.1")
