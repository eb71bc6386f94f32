"""How a key store is told which module, which token, whose PIN, and how patient to be. Only values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from keystore.algorithms import MechanismProfile, SignatureAlgorithm
from keystore.errors import KeyStoreMisconfigured
from keystore.pin import PinSource, pin_source_from_json

# Debian's two spellings first (the multiarch path is the file, the other a link to it), then other systems' habits
MODULE_PLACES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)


def find_module(*places: Path) -> Path:
    """The first of `places` that exists, else the first of MODULE_PLACES. Raises KeyStoreMisconfigured."""
    for place in places or MODULE_PLACES:
        if place.is_file():
            return place
    raise KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_FOUND", module=" or ".join(map(str, places or MODULE_PLACES)))


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """One token behind one module.

    `sessions`: how many calls may be inside the module at once; a network HSM wants 30 and more. `queue`: how many may
    wait for one of them. `deadline_seconds`: how long a caller waits in all. `unwrapped_keys`: how many unwrapped keys
    are kept as session objects, over all sessions. `wrapping_allowed` False: seal keys become token objects, and a
    wrapped key is refused. `state_folder`: where the record of refused PINs and tested modules is kept; the same
    folder for every process that uses the token. `profiles`: how this module wants to be asked, by algorithm OID."""

    module: Path
    token_label: str
    pin_source: PinSource
    state_folder: Path
    softhsm_conf: Path | None = None
    sessions: int = 8
    queue: int = 256
    deadline_seconds: float = 10.0
    unwrapped_keys: int = 512
    wrapping_allowed: bool = True
    profiles: Mapping[str, MechanismProfile] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for another process. It names the PIN's source; no PIN is in it."""
        return {
            "module": str(self.module),
            "token_label": self.token_label,
            "pin_source": self.pin_source.as_json(),
            "state_folder": str(self.state_folder),
            "softhsm_conf": None if self.softhsm_conf is None else str(self.softhsm_conf),
            "sessions": self.sessions,
            "queue": self.queue,
            "deadline_seconds": self.deadline_seconds,
            "unwrapped_keys": self.unwrapped_keys,
            "wrapping_allowed": self.wrapping_allowed,
            "profiles": {oid: asdict(profile) for oid, profile in self.profiles.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        conf = data["softhsm_conf"]
        return cls(
            **{
                **data,
                "module": Path(data["module"]),
                "pin_source": pin_source_from_json(data["pin_source"]),
                "state_folder": Path(data["state_folder"]),
                "softhsm_conf": None if conf is None else Path(conf),
                "profiles": {oid: MechanismProfile.from_json(row) for oid, row in data["profiles"].items()},
            }
        )

    def profile(self, algorithm: SignatureAlgorithm) -> MechanismProfile:
        return self.profiles.get(algorithm.oid, algorithm.profile)
