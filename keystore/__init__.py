"""Keys, not seals: where a signing key lives, and how it signs. Only `keystore.token` speaks PKCS#11.

from pathlib import Path
from keystore import ECDSA_P256, PinFile, Protection, TokenSettings, find_module, open_key_store

store = open_key_store(TokenSettings(
    module=find_module(), token_label="seals", pin_source=PinFile(Path("pin")), state_folder=Path("state")))
ref = store.generate(algorithm=ECDSA_P256, label="A seal", protection=Protection.TOKEN_OBJECT)
signature = store.signing_key(ref).sign(b"to be signed")
store.close()
"""

from keystore.algorithms import ALGORITHMS, ECDSA_P256, RSA_3072, MechanismProfile, SignatureAlgorithm
from keystore.errors import KeyStoreError
from keystore.keys import Health, KeyRecord, KeyRef, KeyStore, LateSignature, Protection, SelfTest, SigningKey
from keystore.opening import open_key_store
from keystore.pin import PinEnvironment, PinFile, PinSource
from keystore.settings import TokenSettings, find_module

__all__ = [
    "ALGORITHMS",
    "ECDSA_P256",
    "RSA_3072",
    "Health",
    "KeyRecord",
    "KeyRef",
    "KeyStore",
    "KeyStoreError",
    "LateSignature",
    "MechanismProfile",
    "PinEnvironment",
    "PinFile",
    "PinSource",
    "Protection",
    "SelfTest",
    "SignatureAlgorithm",
    "SigningKey",
    "TokenSettings",
    "find_module",
    "open_key_store",
]
