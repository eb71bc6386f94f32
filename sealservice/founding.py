"""Founding a data folder: settings, tokens with random PINs, tables, a wrapping key, and the person who runs it.

Every step looks first whether it was done, so that founding again is harmless, and founding that broke off goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keystore.ceremony import create_softhsm_token, generate_wrapping_key, write_softhsm_configuration
from keystore.keys import KeyUse
from keystore.module import Module
from keystore.settings import find_module
from sealservice.assembly import House, pin_source
from sealservice.kernel.clock import SystemClock
from sealservice.kernel.errors import Misconfigured
from sealservice.kernel.home import require_own_home
from sealservice.premises import is_founded
from sealservice.settings import FILE, load, operator

_SETTINGS = """\
# Settings of this data folder. Every line has a default; docs/runbooks/settings.md lists them all.
production = {production}

# Who acts when a command does not say --as.
acting_as = "{operator}"

# Another PKCS#11 module than SoftHSM:
# [token]
# module = "/opt/vendor/lib/pkcs11.so"
# label = "seals"
# pin_variable = "SEAL_TOKEN_PIN"

# PostgreSQL instead of SQLite:
# database = "postgresql+psycopg://sealservice@/sealservice"

# Outside timestamp authorities, asked in this order:
# [timestamps]
# authorities = ["https://tsa.example.org/"]
"""


@dataclass(frozen=True)
class Step:
    """One step of founding: a sentence's code, what fills it, and whether it was done just now."""

    code: str
    done_now: bool
    names: dict[str, object]


def found(home: Path, *, production: bool) -> Iterator[Step]:
    """Founds `home`, or goes on founding it, telling each step. Raises Misconfigured, KeyStoreMisconfigured."""
    yield _make_folder(home)
    yield _write_settings(home, production=production)
    house = House(load(home), SystemClock())
    try:
        yield from _make_tokens(house)
        yield _make_tables(house)
        yield _make_wrapping_key(house)
        yield _register_operator(house)
    finally:
        house.close()


def _make_folder(home: Path) -> Step:
    is_new = not home.exists()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if {path.name for path in home.iterdir()} <= {FILE}:
            home.chmod(0o700)  # one that was there already: empty, or with the settings written beforehand
        (home / "pins").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Misconfigured("HOME_UNWRITABLE", home=home, reason=error.strerror) from error
    if not os.access(home, os.W_OK):
        raise Misconfigured("HOME_UNWRITABLE", home=home, reason="permission denied")
    return Step("FOUNDED_FOLDER", is_new, {"home": home})


def _write_settings(home: Path, *, production: bool) -> Step:
    file, is_new = home / FILE, not is_founded(home)
    if is_new:
        draft = file.with_suffix(".part")
        text = _SETTINGS.format(production="true" if production else "false", operator=operator())
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    return Step("FOUNDED_SETTINGS", is_new, {"file": file})


def _make_tokens(house: House) -> Iterator[Step]:
    """Two SoftHSM tokens, the service's and the root's. A module of one's own is somebody else's to prepare."""
    token = house.settings.token
    if token.module is not None:
        return
    module = Module.load(find_module(), write_softhsm_configuration(house.home))
    for label, root in ((token.label, False), (token.root_label, True)):
        pin_file = house.settings.inside(token.root_pin_file if root else token.pin_file)
        is_new = not module.has_token(label)
        if is_new:
            create_softhsm_token(house.home, label, pin_file, pin_file.with_suffix(".so-pin"))
        yield Step("FOUNDED_TOKEN", is_new, {"label": label, "pin": pin_source(house.settings, root=root)})


def _make_tables(house: House) -> Step:
    is_new = not house.database.has_tables()
    house.database.migrate()
    require_own_home(house.database, house.home)
    return Step("FOUNDED_TABLES", is_new, {"database": house.database.url.render_as_string(hide_password=True)})


def _make_wrapping_key(house: House) -> Step:
    has_one = any(record.use is KeyUse.WRAPPING for record in house.keys.inventory())
    if not has_one and house.settings.token.seal_keys_wrapped:
        generate_wrapping_key(house.keys)
    return Step("FOUNDED_WRAPPING_KEY", not has_one, {})


def _register_operator(house: House) -> Step:
    handle = house.settings.acting_as or operator()
    is_new = all(person.handle != handle for person in house.parties.people())
    if is_new:
        house.parties.add_person(handle=handle, name=handle, actor=handle)
    return Step("FOUNDED_OPERATOR", is_new, {"handle": handle})
