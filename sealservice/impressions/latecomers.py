"""Signatures that came after whoever asked for them had gone.

A token cannot be told to stop. When it answers past the deadline there is a signature in the world that nobody was
given; this room brings it together with the intent it was made for, so that it is put on record and goes nowhere. It
remembers a bounded number of either side: a call that failed in the end, or a timestamp, is never asked for again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from keystore.keys import LateSignature

_log = logging.getLogger(__name__)
_MOST = 256
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Awaited:
    """`keep` is called with the signature once it comes; `give_up` when it is waited for no longer."""

    keep: Callable[[bytes], None]
    give_up: Callable[[], None]


class Latecomers:
    """Either side may come first: the caller that gives up, or the answer that it gave up on."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._awaited: dict[str, Awaited] = {}
        self._arrived: dict[str, bytes] = {}

    def expect(self, call_id: str, awaited: Awaited) -> None:
        """`keep` is called once, with the signature of this call: when it comes, or now when it has come. Where too
        many are waited for, the one that has waited longest is given up."""
        with self._lock:
            signature = self._arrived.pop(call_id, None)
            if signature is None:
                self._awaited[call_id] = awaited
            oldest = _overflow(self._awaited, self._most)
        if signature is not None:
            awaited.keep(signature)
        if oldest is not None:
            oldest[1].give_up()

    def arrived(self, late: LateSignature) -> None:
        """What the key store calls, in a thread of its own."""
        with self._lock:
            awaited = self._awaited.pop(late.call_id, None)
            if awaited is None:
                self._arrived[late.call_id] = late.signature
            forgotten = _overflow(self._arrived, self._most)
        if awaited is not None:
            awaited.keep(late.signature)
        if forgotten is not None:
            _log.warning("a late signature that nobody asked for (call %s) is forgotten", forgotten[0])


def _overflow(kept: dict[str, Kept], most: int) -> tuple[str, Kept] | None:
    """Takes out the oldest when there are more than `most`."""
    if len(kept) <= most:
        return None
    oldest = next(iter(kept))
    return oldest, kept.pop(oldest)
