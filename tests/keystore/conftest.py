"""One good token for all tests of this room, and a fresh faulty one for each test that wants it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keystore import TokenSettings, open_key_store
from keystore.store import TokenKeyStore
from tests.keystore.faulty import FaultyToken, build_proxy, copy_of, make_template
from tests.support.tokens import make_token


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> TokenSettings:
    return make_token(tmp_path_factory.mktemp("token"), "keystore-tests")


@pytest.fixture(scope="session")
def store(settings: TokenSettings) -> Iterator[TokenKeyStore]:
    store = open_key_store(settings)
    yield store
    store.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> FaultyToken:
    module = build_proxy(tmp_path_factory.mktemp("proxy"))
    token = FaultyToken(tmp_path_factory.mktemp("template"), module)
    token.control.mkdir()
    token.run(make_template)
    return token


@pytest.fixture
def token(template: FaultyToken, tmp_path: Path) -> FaultyToken:
    """A token behind the double, of this test alone."""
    return copy_of(template, tmp_path / "faulty")
