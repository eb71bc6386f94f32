"""What can be set, and where: `sealservice.toml` in the data folder, then the environment (SEALSERVICE_…).

Everything has a default that works on one machine with SQLite and SoftHSM. No secret stands in here: PINs are named by
the file or the environment variable that holds them.
"""

from __future__ import annotations

import os
import pwd
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sealservice.kernel.errors import Misconfigured

FILE = "sealservice.toml"


def _web_address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"} or not rest.partition("/")[0]:
        raise ValueError(f"{url} is no http or https address")
    return url


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenSettings(_Strict):
    """The PKCS#11 token. Paths are relative to the data folder. A PIN comes from `…pin_file`, or, where
    `…pin_variable` is set, from that environment variable."""

    module: Path | None = Field(default=None, description="the PKCS#11 module; found by itself for SoftHSM")
    label: str = "sealservice"
    pin_file: Path = Path("pins/service.pin")
    pin_variable: str | None = None
    root_label: str = "sealservice-root"
    root_pin_file: Path = Path("pins/root.pin")
    root_pin_variable: str | None = None
    sessions: int = Field(default=8, ge=1, le=512)
    deadline_seconds: float = Field(default=10, gt=0)
    unwrapped_keys: int = Field(default=512, ge=1)
    seal_keys_wrapped: bool = Field(default=True, description="false for modules that forbid unwrapping")


class SigningSettings(_Strict):
    algorithm: Literal["P-256", "RSA-3072"] = "P-256"
    examined_share: float = Field(default=0.01, ge=0, le=1, description="share that the full verifier judges as well")


class TimestampSettings(_Strict):
    """Outside authorities in the order they are asked; none means our own, which every report calls self-attested."""

    authorities: tuple[Annotated[str, AfterValidator(_web_address)], ...] = ()
    seconds: float = Field(default=5, gt=0)


class WorkerSettings(_Strict):
    """The limits of the children that touch documents."""

    count: int = Field(default=2, ge=1, le=64)
    memory_megabytes: int = Field(default=1024, ge=256)
    cpu_seconds: int = Field(default=20, ge=1)
    wall_seconds: int = Field(default=40, ge=1)
    document_megabytes: int = Field(default=320, ge=1)
    pages: int = Field(default=5000, ge=1)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SEALSERVICE_", env_nested_delimiter="__", extra="forbid", frozen=True, populate_by_name=True
    )

    home: Path
    production: bool = False
    database: str | None = Field(default=None, description="an SQLAlchemy address; SQLite in the data folder without")
    acting_as: str | None = Field(default=None, description="who acts when a command does not say --as")
    font_folder: Path | None = Field(default=None, description="a folder of fonts to look in first")
    token: TokenSettings = TokenSettings()
    signing: SigningSettings = SigningSettings()
    timestamps: TimestampSettings = TimestampSettings()
    workers: WorkerSettings = WorkerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the environment wins over the file

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'sealservice.sqlite3'}"

    @property
    def softhsm_conf(self) -> Path:
        return self.home / "softhsm2.conf"

    def inside(self, path: Path) -> Path:
        """A path of the settings, relative ones inside the data folder."""
        return path if path.is_absolute() else self.home / path


def load(home: Path) -> Settings:
    """The settings of the data folder `home`. Raises Misconfigured with the line that is wrong."""
    file = home / FILE
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        settings = Settings(**{**given, "home": home.absolute()})
        return settings.model_copy(update={"home": home.absolute()})  # SEALSERVICE_HOME is no setting
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Misconfigured("SETTINGS_UNREADABLE", file=file, reason=error) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Misconfigured("SETTING_WRONG", file=file, setting=where, reason=first["msg"]) from error


def operator() -> str:
    """Who runs this process, as a handle: the account's name on this machine, or that of whoever called sudo."""
    name = (os.environ.get("SUDO_USER") or _account()).lower()
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._@-") else "-" for letter in name)


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return f"uid-{os.getuid()}"
