"""Signatures that came after whoever asked for them had gone.

A token cannot be told to stop. When it answers past the deadline there is a signature in the world that nobody was
given; this room brings it together with the intent it was made for, so that it is put on record and goes nowhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from keystore.keys import LateSignature


class Latecomers:
    """Either side may come first: the caller that gives up, or the answer that it gave up on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._awaited: dict[str, Callable[[bytes], None]] = {}
        self._arrived: dict[str, bytes] = {}

    def expect(self, call_id: str, keep: Callable[[bytes], None]) -> None:
        """`keep` is called with the signature of this call, once, when it comes; at once when it has come."""
        with self._lock:
            signature = self._arrived.pop(call_id, None)
            if signature is None:
                self._awaited[call_id] = keep
                return
        keep(signature)

    def arrived(self, late: LateSignature) -> None:
        """What the key store calls, in a thread of its own."""
        with self._lock:
            keep = self._awaited.pop(late.call_id, None)
            if keep is None:
                self._arrived[late.call_id] = late.signature
                return
        keep(late.signature)
