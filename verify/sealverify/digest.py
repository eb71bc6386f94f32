"""A digest and the algorithm that made it, always together.

Knows the hash functions of the table in `algorithms`; refuses to know what was hashed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SIZES = {
    "sha1": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
    "sha3_256": 32,
    "sha3_384": 48,
    "sha3_512": 64,
}

_FORM = re.compile(r"([a-z0-9_]+):([0-9a-f]+)\Z")


@dataclass(frozen=True, slots=True)
class Digest:
    """`algorithm` is a key of SIZES, `value` has exactly its size. Written "sha256:<hex>".

    Raises ValueError for an algorithm it does not know or a value of another size."""

    algorithm: str
    value: bytes

    def __post_init__(self) -> None:
        if SIZES.get(self.algorithm) != len(self.value):
            msg = f"{len(self.value)} bytes are no {self.algorithm} digest"
            raise ValueError(msg)

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"

    @property
    def hex(self) -> str:
        return self.value.hex()

    @classmethod
    def of(cls, *parts: bytes | memoryview, algorithm: str = "sha256") -> Self:
        """The digest of `parts` one after another."""
        hasher = _hasher(algorithm)
        for part in parts:
            hasher.update(part)
        return cls(algorithm, hasher.digest())

    @classmethod
    def of_file(cls, path: Path, algorithm: str = "sha256") -> Self:
        _known(algorithm)
        with path.open("rb") as file:
            return cls(algorithm, hashlib.file_digest(file, algorithm).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "sha256:<hex>", small letters. Raises ValueError for anything else."""
        match = _FORM.match(text)
        if match is None:
            msg = f"{text[:80]!r} is not written algorithm:hex"
            raise ValueError(msg)
        return cls(match[1], bytes.fromhex(match[2]))


def _hasher(algorithm: str) -> hashlib._Hash:
    _known(algorithm)
    return hashlib.new(algorithm)


def _known(algorithm: str) -> None:
    if algorithm not in SIZES:
        msg = f"{algorithm} is no hash function we know"
        raise ValueError(msg)
