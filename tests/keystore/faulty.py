"""A token behind a module that misbehaves on request (doubles/proxy.c), for tests in child processes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keystore import PinFile, TokenSettings, ceremony, find_module, open_key_store
from tests.support.children import Child, in_child, start

_SOURCE = Path(__file__).parent / "doubles" / "proxy.c"


def build_proxy(folder: Path) -> Path:
    """Compiles the double. A machine without a C compiler cannot run these tests, and says so."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "these tests need a C compiler for tests/keystore/doubles/proxy.c: apt install gcc libc6-dev"
    module = folder / "proxy.so"
    options = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, "-o", str(module), str(_SOURCE), "-ldl"], check=True)
    return module


@dataclass(frozen=True)
class FaultyToken:
    """`folder` holds the token, its PINs, the state folder and the controls of the double."""

    folder: Path
    module: Path

    @property
    def control(self) -> Path:
        return self.folder / "control"

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    @property
    def tokens(self) -> Path:
        return self.folder / "hsm" / "tokens"

    def settings(self, **changes: Any) -> TokenSettings:
        settings = TokenSettings(
            module=self.module,
            token_label="faulty",
            pin_source=PinFile(self.pin_file),
            state_folder=self.folder / "state",
            softhsm_conf=ceremony.write_softhsm_configuration(self.folder / "hsm"),
        )
        return replace(settings, **changes)

    def switch(self, fault: str) -> None:
        (self.control / fault).touch()

    def mend(self, fault: str) -> None:
        (self.control / fault).unlink()

    def count(self, what: str) -> int:
        """How often the double saw it."""
        path = self.control / what
        return path.stat().st_size if path.exists() else 0

    def run(self, story: Callable[..., object], *arguments: object) -> Any:
        """`story(folder, module, *arguments)` in a child process; the child makes itself a FaultyToken of the two."""
        return in_child(story, str(self.folder), str(self.module), *arguments, env=self.environment())

    def begin(self, story: Callable[..., object], *arguments: object) -> Child:
        return start(story, str(self.folder), str(self.module), *arguments, env=self.environment())

    def environment(self) -> dict[str, str]:
        return {"PROXY_TARGET": str(find_module()), "PROXY_CONTROL": str(self.control)}


def faulty(folder: str, module: str) -> FaultyToken:
    return FaultyToken(Path(folder), Path(module))


def make_template(folder: str, module: str) -> None:
    """In a child: a token with a wrapping key, its module tried already."""
    token = faulty(folder, module)
    ceremony.create_softhsm_token(
        token.folder / "hsm", "faulty", token.pin_file, token.folder / "so-pin", module=token.module
    )
    store = open_key_store(token.settings())
    ceremony.generate_wrapping_key(store)
    store.close()


def copy_of(template: FaultyToken, folder: Path) -> FaultyToken:
    """A copy with the same keys and PINs, harmed by nobody yet."""
    shutil.copytree(template.folder, folder)
    (folder / "hsm" / "softhsm2.conf").unlink()
    ceremony.write_softhsm_configuration(folder / "hsm")
    for counted in (folder / "control").iterdir():
        counted.unlink()
    return FaultyToken(folder, template.module)
