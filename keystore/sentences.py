"""What each refusal of the key store says in English. One entry a code; the service has them in Chinese as well."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: dict[str, str] = {
    # cannot start
    "KEYSTORE_MODULE_NOT_FOUND": (
        "There is no PKCS#11 module at {module}. Install one (Debian: apt install softhsm2) or set the path of yours."
    ),
    "KEYSTORE_MODULE_NOT_LOADED": (
        "The PKCS#11 module {module} could not be loaded: {reason}. Check the file, and for SoftHSM its configuration."
    ),
    "KEYSTORE_MODULE_ELSEWHERE": (
        "The module {module} is in use in this process with the configuration {current}, so it cannot also be used "
        "with {wanted}. Close what uses it, or start another process."
    ),
    "KEYSTORE_MODULE_CRASHED": (
        "The module {module} did not survive its first test in a process of its own ({reason}), so it is not loaded "
        "here. Check the module and its configuration."
    ),
    "KEYSTORE_TOKEN_NOT_FOUND": (
        "The module {module} shows no token with the label {token}. Check the label, the device and the configuration."
    ),
    "KEYSTORE_TOKEN_EXISTS": "There is already a token with the label {token}. Choose another label.",
    "KEYSTORE_TOKEN_NOT_MADE": "The token {token} could not be initialised: the module answered {answer}.",
    "KEYSTORE_PIN_NOT_FOUND": "There is no PIN at {source}. Put the PIN of the token there.",
    "KEYSTORE_PIN_FILE_OPEN": (
        "The PIN file {source} can be read by others (mode {mode}). Run chmod 600 on it, and change the PIN if need be."
    ),
    "KEYSTORE_FORKED": "This key store was opened before a fork. Open one in the new process.",
    "KEYSTORE_CLOSED": "This key store is closed. Open it again.",
    # the PIN
    "KEYSTORE_PIN_REFUSED": (
        "The token {token} refused the PIN from {source}. It is not tried again until the PIN there changes: "
        "repeated tries would lock the token."
    ),
    "KEYSTORE_PIN_REFUSED_BEFORE": (
        "The PIN from {source} was refused by the token {token} before and is not tried again. Put the right PIN there."
    ),
    "KEYSTORE_PIN_UNCERTAIN": (
        "A process died while it tried the PIN from {source} on the token {token}, and the token counts failed tries. "
        "The PIN is not tried again until it changes there, or until you remove {ledger}."
    ),
    "KEYSTORE_PIN_LEDGER_BROKEN": (
        "The ledger of refused PINs, {ledger}, cannot be read, so no PIN is tried: it may have been refused before. "
        "Make sure that the PIN is right, then remove the ledger."
    ),
    "KEYSTORE_PIN_LOCKED": "The token {token} is locked after too many wrong PINs. Unlock it with the SO PIN.",
    # not now
    "KEYSTORE_BUSY": "{waiting} calls wait for the token already. Try again in {retry_after} seconds.",
    "KEYSTORE_SESSIONS_EXHAUSTED": (
        "The token {token} allows no further session. Try again in {retry_after} seconds; if this stays, lower the "
        "number of sessions in the settings."
    ),
    "KEYSTORE_TIMEOUT": (
        "The token did not answer within {seconds} seconds. If it was signing already (late: {late}), that signature "
        "is recorded and not released. Try again later."
    ),
    "KEYSTORE_SESSION_LOST": "The token closed the session ({answer}). Try again.",
    "KEYSTORE_TOKEN_LOST": (
        "The token {token} does not answer as it should ({answer}). No signature was made. It is tried again by "
        "itself; check the device."
    ),
    "KEYSTORE_RECOVERING": (
        "The connection to the token {token} is being renewed. No signature was made. Try again in "
        "{retry_after} seconds."
    ),
    "KEYSTORE_REPLACE_PROCESS": (
        "{stuck} of {sessions} calls hang inside the PKCS#11 module. This process has to be replaced; restart it and "
        "check the device."
    ),
    # the key
    "KEYSTORE_KEY_NOT_FOUND": (
        "The token {token} works, but has no key {label} with the identifier {key_id}. Check whether it was deleted; "
        "restore the token's backup if so."
    ),
    "KEYSTORE_KEY_RETIRED": "The key {label} ({key_id}) was retired and signs no more.",
    "KEYSTORE_KEY_ELSEWHERE": (
        "The key {label} ({key_id}) belongs to the token {there}, and this key store uses {token}. Open that one."
    ),
    "KEYSTORE_KEY_AMBIGUOUS": (
        "The token {token} has more than one key {label} with the identifier {key_id}. Leave only the right one in it."
    ),
    "KEYSTORE_WRAPPING_KEY_NOT_FOUND": (
        "The key {label} is wrapped under the wrapping key {key_id}, which is not in the token {token}. Restore the "
        "token's backup: without its wrapping key it cannot be used."
    ),
    "KEYSTORE_NO_WRAPPING_KEY": (
        "The token {token} has no wrapping key yet, so no key can be born wrapped. Make one first: "
        "sealservice keys rotate."
    ),
    "KEYSTORE_WRAPPING_KEY_NEEDED": (
        "{needed} keys are still wrapped under {label} ({key_id}). Move them first: sealservice keys rotate."
    ),
    "KEYSTORE_KEY_UNUSABLE": (
        "The token {token} works, but not with the key {label} ({key_id}): {answer}. Check the record of the key, and "
        "the token's backup."
    ),
    "KEYSTORE_HANDLE_LOST": "The token no longer knows the object ({answer}). Try again.",
    "KEYSTORE_TOKEN_ANSWERED": "The token answered {answer}. Run sealservice keys test.",
    "KEYSTORE_SIGNATURE_WRONG": (
        "The token gave a signature for the key {label} ({key_id}) that its public key does not verify. It was not "
        "released. Run sealservice keys test before going on."
    ),
    "KEYSTORE_MECHANISM_MISSING": "The token cannot do {mechanism} as configured. Choose another algorithm or module.",
    "KEYSTORE_ALGORITHM_UNKNOWN": "There is no algorithm {algorithm} here. Known are: {known}.",
    "KEYSTORE_PROFILE_UNKNOWN": (
        "A mechanism profile asks for a signer's ID ({identity}), and no algorithm here has one. Set it to NONE."
    ),
    "KEYSTORE_WRAPPING_FORBIDDEN": (
        "This key store is told not to unwrap keys, so the wrapped key {label} cannot sign. Allow wrapping or make the "
        "key anew as a token object."
    ),
    "KEYSTORE_EXTRACTION_FORBIDDEN": (
        "The token does not let the key be wrapped ({answer}). Forbid wrapping in the settings to keep keys in it."
    ),
    "KEYSTORE_SELF_TEST_FAILED": (
        "The token {token} failed the self-test at the step {step}: {reason}. It is not used. "
        "Run sealservice keys test."
    ),
}


class _Lenient(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def sentence(code: str, details: Mapping[str, object]) -> str:
    """The sentence of `code` with `details` filled in; what is missing stays visible as `{name}`."""
    return SENTENCES[code].format_map(_Lenient(details)) if code in SENTENCES else code
