"""Names of things: how they are made and which ones cannot be right.

An identifier is opaque text; only its check digits and shape are judged here.
"""

from __future__ import annotations

import re
import secrets
import uuid

import stdnum.cn.uscc
from stdnum.exceptions import ValidationError

from sealservice.kernel.errors import InvalidInput

SEAL_CODE_DIGITS = 14
_SEAL_CODE = re.compile(r"[0-9]{14}")  # and not \d, to which １ and ١ are digits too
_HANDLE = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def new_identifier() -> str:
    """A random UUID in its usual text form: it tells nothing about how many there are or in which order they came."""
    return str(uuid.uuid4())


def checked_credit_code(text: str) -> str:
    """The 18 characters of a unified social credit code (GB 32100-2015), upper case, its check character verified.

    Raises InvalidInput("CREDIT_CODE_WRONG"), which names the character that would fit when only the last is off."""
    code = re.sub(r"[\s-]", "", text).upper()
    try:
        return str(stdnum.cn.uscc.validate(code))
    except ValidationError:
        raise InvalidInput("CREDIT_CODE_WRONG", given=text, expected=_expected_check_character(code)) from None


def _expected_check_character(code: str) -> str:
    try:
        return str(stdnum.cn.uscc.calc_check_digit(code[:17])) if len(code) == 18 else "?"
    except (ValidationError, ValueError, KeyError):
        return "?"


def checked_seal_code(text: str) -> str:
    """A seal code: 14 digits, six of the region and eight of the maker's own. Raises InvalidInput."""
    if not _SEAL_CODE.fullmatch(text):
        raise InvalidInput("SEAL_CODE_WRONG", given=text)
    return text


def new_seal_code(region: str) -> str:
    """A fresh seal code of `region` (six digits). Random, so that a code does not tell how many seals there are."""
    return checked_seal_code(f"{region[:6]}{secrets.randbelow(10**8):08d}")


def checked_handle(text: str) -> str:
    """A person's short name in this house, as in an account name. Raises InvalidInput("HANDLE_WRONG")."""
    if not _HANDLE.fullmatch(text):
        raise InvalidInput("HANDLE_WRONG", given=text)
    return text
