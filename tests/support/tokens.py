"""Real SoftHSM tokens for tests.

A process can load a module with one configuration only, so all tokens of one test process lie in one SoftHSM folder
(removed at the end) and are told apart by label. Tests that harm the module's state run in child processes with a
folder of their own.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from keystore import PinFile, TokenSettings, ceremony, find_module, open_key_store


@cache
def softhsm_folder() -> Path:
    """The one SoftHSM folder of this process."""
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def make_token(folder: Path, label: str, *, wrapping_key: bool = True) -> TokenSettings:
    """A new token with random PINs in `folder`, ready for `open_key_store`; with a wrapping key unless told otherwise.

    Labels must be new in the process. The state folder is shared, so that the module is tried in a child only once."""
    folder.mkdir(parents=True, exist_ok=True)
    pin, so_pin = folder / f"{label}.pin", folder / f"{label}.so-pin"
    settings = TokenSettings(
        module=find_module(),
        token_label=label,
        pin_source=PinFile(pin),
        state_folder=softhsm_folder() / "state",
        softhsm_conf=ceremony.create_softhsm_token(softhsm_folder(), label, pin, so_pin),
    )
    if wrapping_key:
        store = open_key_store(settings)
        ceremony.generate_wrapping_key(store)
        store.close()
    return settings
