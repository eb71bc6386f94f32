"""Time from outside authorities (RFC 3161 over HTTP, section 3.4), the next one when one fails.

Only addresses of the settings are ever asked; no redirect is followed, no answer beyond 64 KiB is read. A token is
believed only when its imprint and nonce are the ones that were asked for.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import httpx2

from sealservice.kernel.errors import Unavailable
from sealverify.digest import Digest
from sealverify.errors import Malformed
from sealverify.timestamp import encode_request, read_response, read_token

_LARGEST_ANSWER = 64 * 1024


class OutsideTimestamps:
    """Asks `addresses` in their order. The one that answered last is asked first the next time."""

    token_size = 16 * 1024
    key_id = None

    def __init__(self, addresses: Sequence[str], *, seconds: float = 5.0) -> None:
        self._addresses = list(addresses)
        self._client = httpx2.Client(timeout=seconds, follow_redirects=False)

    @property
    def name(self) -> str:
        return self._addresses[0]

    def timestamp(self, digest: Digest) -> bytes:
        failures = []
        for address in list(self._addresses):
            try:
                token = self._ask(address, digest)
            except (httpx2.HTTPError, Malformed, _Unfit) as error:
                failures.append(f"{address}: {error or type(error).__name__}")
                continue
            self._addresses.sort(key=lambda other: other != address)
            return token
        raise Unavailable("TIMESTAMP_UNAVAILABLE", tried="; ".join(failures))

    def close(self) -> None:
        self._client.close()

    def _ask(self, address: str, digest: Digest) -> bytes:
        nonce = secrets.randbits(64)
        request = encode_request(digest, nonce=nonce, policy=None, cert_req=True)
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        with self._client.stream("POST", address, content=request, headers=headers) as response:
            if response.status_code != httpx2.codes.OK:
                raise _Unfit(f"HTTP {response.status_code}")
            answer = _bounded(response)
        token = read_response(answer)
        stamped = read_token(token)
        if stamped.digest != digest or stamped.nonce != nonce:
            raise _Unfit("a token over something else")
        return token


class _Unfit(Exception):
    """An answer came, and it is not what was asked for."""


def _bounded(response: httpx2.Response) -> bytes:
    answer = bytearray()
    for chunk in response.iter_bytes():
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            raise _Unfit("an answer without end")
    return bytes(answer)
