"""One question over HTTP, answered within its time and size, or not at all.

A time limit for each wait would let a server that drips one byte now and then hold the caller for days; here all waits
of one question together have the limit. No redirect is followed, nothing is unpacked, no proxy of the environment is
used: only the address that was given is ever asked. This room knows no timestamps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

_LOST = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    ValueError,  # an address that is none
)
_MOST_CONNECTIONS = 64
_IDLE_SECONDS = 5.0  # a server may close a connection that is idle for longer, just as it is used again


class Unanswered(Exception):
    """No answer that could be used, and why."""


class Exchange:
    """Asks by POST. Safe to use from many threads; connections are kept open for the next question."""

    def __init__(self, *, seconds: float, largest: int) -> None:
        self._seconds, self._largest = seconds, largest
        self._due = threading.local()
        self._pool = httpcore2.ConnectionPool(
            network_backend=_Network(self._left), max_connections=_MOST_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS
        )

    def post(self, address: str, body: bytes, *, content_type: str, accept: str) -> bytes:
        """The content of the answer. Raises Unanswered."""
        self._due.at = time.monotonic() + self._seconds
        headers = [("Content-Type", content_type), ("Accept", accept), ("Accept-Encoding", "identity")]
        limits = {"timeout": {"pool": self._seconds}}
        try:
            with self._pool.stream("POST", address, headers=headers, content=body, extensions=limits) as response:
                if response.status != 200:
                    raise Unanswered(f"HTTP {response.status}")
                return self._bounded(response.iter_stream())
        except _LOST as error:
            raise Unanswered(str(error) or type(error).__name__) from error

    def close(self) -> None:
        self._pool.close()

    def _bounded(self, chunks: Iterable[bytes]) -> bytes:
        answer = bytearray()
        for chunk in chunks:
            answer += chunk
            if len(answer) > self._largest:
                raise Unanswered(f"more than {self._largest} bytes")
        return bytes(answer)

    def _left(self) -> float:
        """Seconds that are left for the question that this thread asks."""
        left: float = self._due.at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout(f"no whole answer within {self._seconds:g} seconds")
        return left


class _Network(httpcore2.NetworkBackend):
    """The plain network, each wait of which ends when the question's time does."""

    def __init__(self, left: Callable[[], float]) -> None:
        self._left, self._real = left, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._real.connect_tcp(host, port, self._left(), local_address, socket_options)
        return _Stream(stream, self._left)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, real: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._real, self._left = real, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._real.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._real.write(buffer, self._left())

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._real.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)
