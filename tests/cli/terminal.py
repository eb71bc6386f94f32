"""A person at a terminal, or a program at a pipe: what a command says, where, and with which number it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealservice.cli.app import run

COMMAND = Path(sys.executable).parent / "sealservice"


@dataclass(frozen=True)
class Said:
    """The exit code, and what came out of the two streams."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one line of JSON on standard output. Raises AssertionError for anything else there."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The code of the error that was told in JSON."""
        told = self.value["error"]
        assert "{" not in told["en"] + told["zh"]
        return str(told["code"])


@dataclass(frozen=True)
class Terminal:
    """Runs commands in this process, on the data folder `home`."""

    home: Path

    def say(self, *arguments: object, language: str = "en", columns: str = "200") -> Said:
        """As a person: sentences in `language`, on a window so many `columns` wide."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        wanted = {"SEALSERVICE_HOME": str(self.home), "SEALSERVICE_LANG": language, "COLUMNS": columns}
        with environment(wanted), redirect_stdout(out), redirect_stderr(err):
            code = run([str(argument) for argument in arguments])
        said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        assert "Traceback" not in said[0] + said[1]
        return Said(code, *said)

    def ask(self, *arguments: object) -> Said:
        """As a program: one line of JSON."""
        return self.say(*arguments, "--json")

    def do(self, *arguments: object) -> Any:
        """As a program, and it has to succeed; returns the value."""
        said = self.ask(*arguments)
        assert said.code == 0, said
        return said.value


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def command(*arguments: object, home: Path, **more: str) -> Said:
    """The installed command as a process of its own, with nothing of the caller's settings in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEALSERVICE_", "SOFTHSM2_"))}
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        env={**kept, "LC_ALL": "C.UTF-8", "SEALSERVICE_HOME": str(home), **more},
        capture_output=True,
        check=False,
    )
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in said.out + said.err
    return said
