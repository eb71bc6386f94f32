"""The check before anything is released: cheap, exact, and on the bytes as they lie on disk.

It trusts neither the worker nor the token: what was given is still there, the ByteRange leaves out the signature and
nothing else, the digest is counted again, and the CMS holds under the key that was meant.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sealservice.impressions.signing import Signed
from sealservice.kernel.errors import SealServiceError
from sealservice.workers.order import Preparation
from sealverify.digest import Digest
from sealverify.errors import SealVerifyError
from sealverify.signed_data import SignedData, read_signed_data
from sealverify.timestamp import read_token

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


class CheckFailed(SealServiceError):
    """What was made is not what was meant. It is not released."""


@dataclass(frozen=True)
class Checked:
    """The digest of the finished file, and the time that its timestamp proves, by whose word."""

    sealed: Digest
    timestamp_at: datetime | None
    timestamp_source: str | None


def write_signature(draft: Path, preparation: Preparation, cms: bytes) -> None:
    """Writes the CMS into the place that was left for it, in hexadecimal, zeros behind (ISO 32000-2, 12.8.3.3)."""
    digits = cms.hex().encode()
    if len(digits) > preparation.contents_length:
        raise CheckFailed("SIGNATURE_TOO_LARGE", needed=len(cms), room=preparation.contents_length // 2)
    with draft.open("r+b") as file:
        file.seek(preparation.contents_at + 1)
        file.write(digits)


def check(draft: Path, preparation: Preparation, signed: Signed, *, public_key: bytes) -> Checked:
    """Raises CheckFailed with the name of what does not hold."""
    with draft.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _check_range(data, preparation)
        with memoryview(data) as view:
            digest, sealed = _check_digests(view, preparation)
        _check_place(bytes(data[preparation.contents_at : _end(preparation)]), signed)
    source = signed.timestamp.source if signed.timestamp is not None else None
    return Checked(sealed, _check_signature(signed, digest, public_key), source)


def _end(preparation: Preparation) -> int:
    """Where the signature's string ends, its closing bracket included."""
    return preparation.contents_at + preparation.contents_length + 2


def _check_range(data: mmap.mmap, preparation: Preparation) -> None:
    first, end = preparation.contents_at, _end(preparation)
    if tuple(preparation.byte_range) != (0, first, end, len(data) - end) or first < preparation.prefix_length:
        raise CheckFailed("CHECK_BYTE_RANGE")
    written = _BYTE_RANGE.finditer(data[preparation.prefix_length : first] + data[end:])
    if tuple(preparation.byte_range) not in {tuple(map(int, match.groups())) for match in written}:
        raise CheckFailed("CHECK_BYTE_RANGE")


def _check_digests(view: memoryview, preparation: Preparation) -> tuple[Digest, Digest]:
    """The digest over the ByteRange and that of the whole file, both from one reading: a hash can be told to go on
    from where it is in two directions."""
    first, end, length = preparation.contents_at, _end(preparation), preparation.prefix_length
    running = hashlib.sha256(view[:length])
    if running.digest() != preparation.prefix_digest.value:
        raise CheckFailed("CHECK_PREFIX_CHANGED")
    running.update(view[length:first])
    signed = running.copy()
    signed.update(view[end:])
    digest = Digest("sha256", signed.digest())
    if digest != preparation.digest:
        raise CheckFailed("CHECK_DIGEST_CHANGED")
    running.update(view[first:])
    return digest, Digest("sha256", running.digest())


def _check_place(written: bytes, signed: Signed) -> None:
    """The string as a whole: its brackets are outside of the ByteRange, so no digest speaks for them."""
    digits = signed.cms.hex().encode().ljust(len(written) - 2, b"0")
    if written != b"<" + digits + b">":
        raise CheckFailed("CHECK_SIGNATURE_MISPLACED")


def check_cms(cms: bytes, digest: Digest, public_key: bytes) -> SignedData:
    """The CMS, when it holds for `digest` under `public_key`. Raises CheckFailed("CHECK_SIGNATURE_WRONG")."""
    try:
        data = read_signed_data(cms)
        data.check(digest=digest, public_key=public_key)
    except SealVerifyError as error:
        raise CheckFailed("CHECK_SIGNATURE_WRONG", reason=error) from error
    return data


def _check_signature(signed: Signed, digest: Digest, public_key: bytes) -> datetime | None:
    data = check_cms(signed.cms, digest, public_key)
    if signed.timestamp is None:
        return None
    try:
        token = read_token(signed.timestamp.token)
    except SealVerifyError as error:
        raise CheckFailed("CHECK_SIGNATURE_WRONG", reason=error) from error
    if token.digest != Digest.of(data.signer.signature) or data.signer.timestamp_tokens != (signed.timestamp.token,):
        raise CheckFailed("CHECK_TIMESTAMP_WRONG")
    return token.time
