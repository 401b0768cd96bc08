"""`purser`: sign in, look at images and access, and pull with short-lived tokens."""

import argparse
import sys
from collections.abc import Callable, Sequence

from . import VERSION, commands
from .errors import PurserError

Run = Callable[[argparse.Namespace], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 1 with a sentence on stderr when it did not."""
    asked = _parser().parse_args(arguments)
    try:
        asked.run(asked)
    except (PurserError, OSError) as error:
        sys.stderr.write(f"purser: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="purser", description="Access to AI container images.")
    parser.add_argument("--version", action="version", version=f"purser {VERSION}")
    kinds = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    signing = _command(kinds, "login", commands.login, "sign in through the browser")
    signing.add_argument("--no-browser", action="store_true", help="only print address and code")
    for name, run, words in (
        ("logout", commands.logout, "sign out; the tokens are ended at the server"),
        ("whoami", commands.whoami, "who is signed in, and until when"),
    ):
        _command(kinds, name, run, words)
    for name, run, words in (
        ("images", commands.images, "images you may see"),
        ("grants", commands.grants, "access you may see"),
    ):
        _command(kinds, name, run, words).add_argument("--json", action="store_true", help="as JSON lines")
    _pull_secret(
        _command(kinds, "pull-secret", commands.pull_secret, "a Docker configuration with a pull token")
    )
    _command(kinds, "run-local", commands.run_local, "how to run pipelines on this machine", server=False)
    return parser


def _command(
    kinds: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Run,
    words: str,
    *,
    server: bool = True,
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=words, description=words[0].upper() + words[1:])
    parser.set_defaults(run=run)
    if server:
        parser.add_argument("--server", default="", metavar="URL", help="the Purser to talk to")
    return parser


def _pull_secret(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=int, default=12, help="how long it works (1 to 720, usually 12)")
    parser.add_argument("--registry", action="append", default=[], metavar="HOST", help="only for this one")
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="where to write it, for you alone to read; - is stdout",
    )
