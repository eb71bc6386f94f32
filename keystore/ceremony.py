"""What is done to keys rarely and on purpose: make a token, make and rotate wrapping keys, retire, take stock.

Rotation: `rotate` makes a new wrapping key, under which all new keys are born. Keys of before stay under theirs until
`rewrap` has moved each of them: it unwraps the key inside the token as a session object that may be extracted (still
sensitive: never in the clear), wraps it under the new key and destroys it. Save the KeyRef that it returns. When no
KeyRef names the old wrapping key any more, and the token is backed up, `retire_wrapping_key` destroys it.

The root of the authority lives in a token of its own; `opened` opens it for one act and closes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from keystore.errors import KeyNotFound, KeyUnusable
from keystore.keys import KeyRecord, KeyRef, KeyUse
from keystore.module import Module
from keystore.opening import open_key_store
from keystore.pin import random_pin_file
from keystore.settings import TokenSettings, find_module
from keystore.store import TokenKeyStore

_SIGNATURE = "# SoftHSM for this data folder only; the tokens lie beside this file\n"
_CONFIGURATION = f"""\
{_SIGNATURE}directories.tokendir = {{tokens}}
objectstore.backend = file
objectstore.umask = 0077
log.level = ERROR
slots.removable = false
"""


def write_softhsm_configuration(folder: Path) -> Path:
    """`folder`/softhsm2.conf with a token directory of its own beside it.

    One that somebody else wrote is kept. Ours names the tokens beside it, also after the folder was moved: SoftHSM
    takes no relative path, and a copy must not go on working on the original's tokens."""
    tokens = folder / "tokens"
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = folder / "softhsm2.conf"
    ours = _CONFIGURATION.format(tokens=tokens.resolve())
    there = configuration.read_text(encoding="utf-8") if configuration.exists() else None
    if there is None or (there != ours and there.startswith(_SIGNATURE)):
        draft = configuration.with_suffix(".part")
        draft.write_text(ours, encoding="utf-8")
        draft.replace(configuration)
    return configuration


def create_softhsm_token(
    folder: Path, label: str, pin_file: Path, so_pin_file: Path, *, module: Path | None = None
) -> Path:
    """A new SoftHSM token in `folder`; returns the configuration file to open it with.

    PINs are read from the two files, which are made with random PINs (0600) where they are missing. They go to the
    module through memory, so no command line shows them. Raises KeyStoreMisconfigured when the label is taken."""
    configuration = write_softhsm_configuration(folder)
    pin, so_pin = random_pin_file(pin_file).read(), random_pin_file(so_pin_file).read()
    Module.load(module or find_module(), configuration).make_token(label, so_pin=so_pin.value, pin=pin.value)
    return configuration


@contextmanager
def opened(settings: TokenSettings) -> Iterator[TokenKeyStore]:
    """The token of `settings` for one act, with one session, logged out afterwards: for the root's token."""
    store = open_key_store(replace(settings, sessions=1))
    try:
        yield store
    finally:
        store.close()


def generate_wrapping_key(store: TokenKeyStore) -> KeyRecord:
    """A wrapping key; the first one before any key can be born wrapped. Back the token up afterwards: without its
    wrapping keys every wrapped key is lost."""
    return store.generate_wrapping_key()


def rotate(store: TokenKeyStore, refs: Iterable[KeyRef], *, save: Callable[[KeyRef], None]) -> tuple[KeyRecord, int]:
    """A new wrapping key, and every wrapped key of `refs` moved under it; `save` is called with each new KeyRef.

    Returns the new wrapping key and how many were moved. Broken off, it is simply run again: old refs stay good."""
    made = generate_wrapping_key(store)
    return made, rewrap(store, refs, save=save)


def rewrap(store: TokenKeyStore, refs: Iterable[KeyRef], *, save: Callable[[KeyRef], None]) -> int:
    """Moves every wrapped key of `refs` that is not there yet under the newest wrapping key."""
    moved = 0
    for ref in refs:
        anew = store.rewrap(ref)
        if anew != ref:
            save(anew)
            moved += 1
    return moved


def retire(store: TokenKeyStore, ref: KeyRef) -> None:
    """The key signs no more. For a wrapped key, forget its KeyRef as well: that is where it lives."""
    store.retire(ref)


def retire_wrapping_key(store: TokenKeyStore, key_id: str, refs: Iterable[KeyRef]) -> None:
    """Destroys a wrapping key that none of `refs` (all keys there are) needs. Raises KeyUnusable when one does."""
    keys = {record.key_id: record for record in store.inventory() if record.use is KeyUse.WRAPPING}
    if key_id not in keys:
        raise KeyNotFound("KEYSTORE_KEY_NOT_FOUND", token=store.settings.token_label, label="", key_id=key_id)
    needed = sum(ref.wrapping_key_id == key_id for ref in refs)
    if needed:
        raise KeyUnusable("KEYSTORE_WRAPPING_KEY_NEEDED", label=keys[key_id].label, key_id=key_id, needed=needed)
    store.destroy_wrapping_key(keys[key_id])


def inventory(store: TokenKeyStore) -> list[KeyRecord]:
    """Every key that rests in the token."""
    return store.inventory()
