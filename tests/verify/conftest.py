"""What the verifier's tests share: one infrastructure and a few sealed files for the session, and no network."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from sealverify import Policy, Report, Trust, examine_document
from tests.support.pki import DemoPki
from tests.support.sealing import press, sample

Examine = Callable[[bytes], Report]


@pytest.fixture(scope="session")
def pki() -> DemoPki:
    return DemoPki()


@pytest.fixture(scope="session")
def trust(pki: DemoPki) -> Trust:
    return Trust.from_pem(pki.anchors + pki.outside_root.identity.pem)


@pytest.fixture(scope="session")
def examine(trust: Trust) -> Examine:
    """Judges bytes as somebody does who trusts the demo authority."""
    return lambda data: examine_document(data, Policy(trust=trust))


@pytest.fixture(scope="session")
def sealed(pki: DemoPki) -> bytes:
    """A one-page approval with one seal."""
    return press(sample("approval-letter-1-page.pdf"), pki.seal)


@pytest.fixture(scope="session")
def sealed_reply(pki: DemoPki) -> bytes:
    """A three-page approval, sealed on its last page."""
    return press(sample("approval-reply-3-page.pdf"), pki.seal, page=2)


@pytest.fixture(scope="session")
def sealed_form(pki: DemoPki) -> bytes:
    """A form, filled in and then sealed."""
    return press(sample("form-filled-acroform-reportlab.pdf"), pki.seal)


@pytest.fixture(scope="session")
def stamped(pki: DemoPki) -> bytes:
    """A one-page approval with one seal and a timestamp of the house's own authority."""
    return press(sample("approval-letter-1-page.pdf"), pki.seal, tsa=pki.tsa)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier judges with what it was given. Whoever reaches for an address or a connection fails the test."""

    def refuse(*arguments: object, **_named: object) -> None:
        raise AssertionError(f"the verifier reached for the network: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
