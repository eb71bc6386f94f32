"""Opening a key store, in the order that keeps a wrong PIN, a wrong module and a wrong token from doing harm."""

from __future__ import annotations

import time

from keystore.errors import SelfTestFailed
from keystore.recovery import Clock
from keystore.settings import TokenSettings
from keystore.store import OnLate, TokenKeyStore
from keystore.vetting import vet


def open_key_store(
    settings: TokenSettings, *, on_late: OnLate | None = None, clock: Clock = time.monotonic
) -> TokenKeyStore:
    """The store behind `settings`, logged in, self-tested and ready. Close it when done.

    `on_late` gets each signature that came after its caller's deadline. Raises KeyStoreMisconfigured, PinRefused,
    SelfTestFailed, MechanismMissing, TokenUnavailable."""
    vet(settings)
    return open_vetted(settings, on_late=on_late, clock=clock)


def open_vetted(
    settings: TokenSettings, *, on_late: OnLate | None = None, clock: Clock = time.monotonic
) -> TokenKeyStore:
    """The same for a module that is known not to harm the process."""
    store = TokenKeyStore(settings, clock=clock, on_late=on_late)
    try:
        store.furnish()
        for step in store.self_test().steps:
            if not step.passed:
                details = {"token": settings.token_label, "step": step.name, "reason": step.reason}
                raise SelfTestFailed("KEYSTORE_SELF_TEST_FAILED", **details)
    except BaseException:
        store.close()
        raise
    return store
