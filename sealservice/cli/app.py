"""`sealservice`: the commands in one tree, and the one place where what they raise becomes a message and a number."""

from __future__ import annotations

import io
import sys

import typer
from typer.exceptions import TyperException

from sealservice.cli import certificates, doctor, founding, impressions, keys, parties, press, seals, verify
from sealservice.cli.files import private
from sealservice.cli.output import INTERRUPTED, REFUSED, Output
from sealservice.cli.usage import told

app = typer.Typer(
    name="sealservice",
    help="Electronic seals on documents: made, pressed, recorded and verified. 电子印章：制作、加盖、留痕、验证",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("init")(founding.init)
app.command("doctor")(doctor.doctor)
app.command("demo")(founding.demo)
app.command("press")(press.press)
app.command("verify", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(verify.verify)
app.add_typer(keys.app, name="keys")
app.add_typer(parties.organizations, name="orgs")
app.add_typer(parties.people, name="people")
app.add_typer(certificates.app, name="certificates")
app.add_typer(seals.app, name="seals")
app.add_typer(impressions.app, name="impressions")


def main() -> None:
    """The entry point of the command. A character that the terminal or a pipe cannot carry is shown by its number
    (which JSON reads back), so that the name of a file never stands in the way of an answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code. Nothing it raises gets past here."""
    output = Output.make(as_json="--json" in arguments)
    try:
        with private():
            return int(app(arguments, prog_name="sealservice", standalone_mode=False) or 0)
    except TyperException as error:
        return output.wrong_usage(told(error))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return REFUSED
    except Exception as error:  # the last door: a person gets a sentence, whatever happened
        return output.failure(error)
