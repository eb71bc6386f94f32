"""A digest knows its algorithm and refuses to be anything else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealverify.digest import SIZES, Digest


@given(st.binary(max_size=2000), st.sampled_from(sorted(SIZES)))
def test_written_and_read_again(data: bytes, algorithm: str) -> None:
    digest = Digest.of(data, algorithm=algorithm)
    assert digest.value == hashlib.new(algorithm, data).digest()
    assert Digest.parse(str(digest)) == digest


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "reply.pdf").write_bytes(b"%PDF" * 1000)
    assert Digest.of_file(tmp_path / "reply.pdf") == Digest.of(b"%PDF" * 999, b"%PDF")


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:00", "md5:" + "0" * 32, "sha256:" + "G" * 64, "SHA256:" + "0" * 64]
)
def test_nothing_else_is_a_digest(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Digest.parse(text)


def test_an_unknown_hash_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="md5"):
        Digest.of(b"", algorithm="md5")
    with pytest.raises(ValueError, match="md5"):
        Digest.of_file(tmp_path, "md5")
