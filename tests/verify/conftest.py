"""What the verifier's tests share: one infrastructure for the session, and no network for anybody."""

from __future__ import annotations

import socket

import pytest

from tests.support.pki import DemoPki


@pytest.fixture(scope="session")
def pki() -> DemoPki:
    return DemoPki()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier judges with what it was given. Whoever reaches for an address or a connection fails the test."""

    def refuse(*arguments: object, **_named: object) -> None:
        raise AssertionError(f"the verifier reached for the network: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
