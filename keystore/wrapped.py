"""Keys that live wrapped: born in the token, wrapped at once, kept outside, unwrapped for use.

A seal key exists in the clear only inside the token. It is extractable for the instant between its birth and its
wrapping (and again when it is wrapped anew under a newer key), always sensitive, never stored. What is kept outside is
RFC 5649 AES key wrap under an AES-256 key that cannot leave the token. This room knows one session at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from keystore.algorithms import SignatureAlgorithm
from keystore.errors import KeyStoreError
from keystore.token import Handle, TokenSession


@dataclass(frozen=True, kw_only=True)
class BornWrapped:
    """A new key: its public half (DER SubjectPublicKeyInfo) and its wrapped private half."""

    public_key: bytes
    wrapped: bytes


def born_wrapped(
    session: TokenSession, wrapping_key: Handle, algorithm: SignatureAlgorithm, *, key_id: str, label: str
) -> BornWrapped:
    pair = session.generate_pair(algorithm, key_id=key_id, label=label, stored=False, extractable=True)
    with _destroyed_after(session, pair.private, pair.public):
        return BornWrapped(public_key=pair.public_key, wrapped=session.wrap(wrapping_key, pair.private))


def wrapped_anew(
    session: TokenSession, old: Handle, new: Handle, algorithm: SignatureAlgorithm, wrapped: bytes
) -> bytes:
    """The same private key under another wrapping key."""
    key = session.unwrap(old, algorithm, wrapped, extractable=True)
    with _destroyed_after(session, key):
        return session.wrap(new, key)


@contextmanager
def _destroyed_after(session: TokenSession, *keys: Handle) -> Iterator[None]:
    try:
        yield
    finally:
        for key in keys:
            session.destroy(key)


class HandleCache:
    """The handles of one session, at most `limit`; the one unused for longest goes first.

    A temporary one (an unwrapped key) is destroyed when it goes."""

    def __init__(self, session: TokenSession, limit: int) -> None:
        self._session = session
        self._limit = max(1, limit)
        self._handles: OrderedDict[str, tuple[Handle, bool]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._handles)

    def find(self, key_id: str) -> Handle | None:
        entry = self._handles.get(key_id)
        if entry is None:
            return None
        self._handles.move_to_end(key_id)
        return entry[0]

    def keep(self, key_id: str, handle: Handle, *, temporary: bool) -> Handle:
        while len(self._handles) >= self._limit:
            self._drop(*self._handles.popitem(last=False)[1])
        self._handles[key_id] = (handle, temporary)
        return handle

    def clear(self) -> None:
        while self._handles:
            self._drop(*self._handles.popitem()[1])

    def _drop(self, handle: Handle, temporary: bool) -> None:
        if temporary:
            with suppress(KeyStoreError):  # gone already is as good
                self._session.destroy(handle)
