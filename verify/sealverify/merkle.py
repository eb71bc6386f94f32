"""Hashes of a Merkle tree of records (RFC 9162, section 2.1). It knows bytes and refuses to know what they record."""

from __future__ import annotations

import hashlib


def leaf_hash(entry: bytes) -> bytes:
    """The 32-byte hash of a leaf: SHA-256 over 0x00 and the entry (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()
