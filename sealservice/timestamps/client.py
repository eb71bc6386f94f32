"""Time from outside authorities (RFC 3161 over HTTP, section 3.4), the next one when one fails.

Only addresses of the settings are ever asked. A token is believed only when its imprint and nonce are the ones that
were asked for and its signature holds under the certificate that it carries; whether that certificate is to be trusted
is for whoever verifies the document. A token that would not fit into the room left for it is none.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sealservice.kernel.errors import Unavailable
from sealservice.timestamps.exchange import Exchange, Unanswered
from sealservice.timestamps.sources import Stamped
from sealverify.certificate import public_key
from sealverify.digest import Digest
from sealverify.errors import SealVerifyError
from sealverify.timestamp import encode_request, read_response, read_token

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class OutsideTimestamps:
    """Asks `addresses` in their order, each for at most `seconds`. The one that answered last is asked first the next
    time."""

    token_size = 16 * 1024
    key_id = None

    def __init__(self, addresses: Sequence[str], *, seconds: float = 5.0) -> None:
        self._addresses = tuple(addresses)
        self._exchange = Exchange(seconds=seconds, largest=2 * self.token_size)

    @property
    def name(self) -> str:
        """The address that will be asked first."""
        return self._addresses[0]

    def timestamp(self, digest: Digest) -> Stamped:
        failures, addresses = [], self._addresses
        for address in addresses:
            try:
                token = self._ask(address, digest)
            except (Unanswered, SealVerifyError) as error:
                failures.append(f"{address}: {error}")
                continue
            if address != addresses[0]:
                self._addresses = (address, *(other for other in addresses if other != address))
            return Stamped(token, address)
        raise Unavailable("TIMESTAMP_UNAVAILABLE", tried="; ".join(failures))

    def close(self) -> None:
        self._exchange.close()

    def _ask(self, address: str, digest: Digest) -> bytes:
        """Raises Unanswered, or what reading the answer raises."""
        nonce = secrets.randbits(64)
        request = encode_request(digest, nonce=nonce, policy=None, cert_req=True)
        token = read_response(self._exchange.post(address, request, content_type=_QUERY, accept=_REPLY))
        if len(token) > self.token_size:
            raise Unanswered(f"a token of {len(token)} bytes, where {self.token_size} have room")
        stamped = read_token(token)
        if stamped.digest != digest or stamped.nonce != nonce:
            raise Unanswered("a token over something else")
        certificate = stamped.signed_data.signer_certificate()
        if certificate is None:
            raise Unanswered("a token without its certificate")
        signed = stamped.signed_data
        content = Digest.of(stamped.tst_info, algorithm=signed.signer.digest_name)
        signed.check(digest=content, public_key=public_key(certificate))
        return token
