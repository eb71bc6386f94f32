"""What is wrong with a command line, in both languages: the library that reads it speaks English alone."""

from __future__ import annotations

from typer.exceptions import TyperException

from sealverify.messages import Text, catalogue

_CODES = {
    "MissingParameter": "USAGE_MISSING",
    "NoSuchOption": "USAGE_NO_OPTION",
    "BadOptionUsage": "USAGE_VALUE_MISSING",
    "BadParameter": "USAGE_VALUE_WRONG",
    "NoArgsIsHelpError": "USAGE_HELP",
}


def told(error: TyperException) -> Text:
    """The sentence about `error`; the library's own words stand in for what it does not name."""
    code = _CODES.get(type(error).__name__, "USAGE_WRONG")
    reason = str(getattr(error, "message", "")) if code == "USAGE_VALUE_WRONG" else error.format_message()
    return catalogue("sealservice.messages").text(code, name=_name(error), reason=reason)


def _name(error: TyperException) -> str:
    """The option or argument that it is about."""
    option = getattr(error, "option_name", None)
    if option is not None:
        return str(option)
    parameter = getattr(error, "param", None)
    if parameter is None:
        return ""
    return str(getattr(parameter, "metavar", None) if parameter.param_type_name == "argument" else parameter.opts[0])
