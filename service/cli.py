"""The `chude` command: finds the subcommand, and turns errors into messages and exit codes.

0: done; 1: failed, with a message on stderr; 2: wrong usage. A subcommand's module is imported when it is called, so
that `chude tag` doesn't wait for scikit-learn.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module

import click
from click.shell_completion import shell_complete

from model.environment import read_environment
from model.errors import ChudeError, SettingError
from model.extras import how_to_install
from model.storage import give_to_owner
from model.versions import home_folder

_COMPLETE = "_CHUDE_COMPLETE"
"""Variable that a shell sets to have a command line completed."""

_COMMANDS = {
    "tag": "service.commands.tag",
    "train": "service.commands.train",
    "eval": "service.commands.evaluate",
    "check": "service.commands.check",
    "batch": "service.commands.batch",
    "serve": "service.commands.serve",
    "keys": "service.commands.keys",
    "labels": "service.commands.labels",
    "topics": "service.commands.topics",
    "retrain": "service.commands.retrain",
    "models": "service.commands.models",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return import_module(_COMMANDS[name]).command if name in _COMMANDS else None


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"""\b
    To have the shell complete commands and options, put this line into ~/.bashrc:
      eval "$({_COMPLETE}=bash_source chude)"
    or into ~/.zshrc with zsh_source; fish reads: {_COMPLETE}=fish_source chude | source""",
)
@click.version_option(package_name="chude")
def cli() -> None:
    """Tag Vietnamese news by topic."""


def main() -> None:
    """Run the command line and exit."""
    environ = read_environment()
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = _run(environ)
    except ChudeError as error:
        status = _fail(str(error))
    except (click.Abort, KeyboardInterrupt):
        status = _fail("stopped")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except ModuleNotFoundError as error:
        status = _fail(how_to_install(error) or f"internal error, please report it: {error}")
    except OSError as error:
        status = _fail(f"{error.filename or 'file system'}: {error.strerror or error}")
    except Exception as error:
        if environ.get("CHUDE_DEBUG"):
            traceback.print_exc()
        status = _fail(f"internal error, please report it: {type(error).__name__}: {error} (CHUDE_DEBUG=1 shows where)")
    finally:
        _give_home_to_its_owner(environ)
    sys.exit(status)


def _give_home_to_its_owner(environ: Mapping[str, str]) -> None:
    """Give the home folder's owner what a command run by root has made in it, such as keys or labels."""
    with suppress(SettingError, OSError):
        give_to_owner(home_folder(environ))


def _run(environ: Mapping[str, str]) -> int:
    """Run the command that the arguments name, or complete them for the shell, and return the exit code."""
    if instruction := environ.get(_COMPLETE):
        return shell_complete(cli, {"obj": environ}, "chude", _COMPLETE, instruction)
    try:
        with cli.make_context("chude", sys.argv[1:], obj=environ) as context:
            status = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return status if isinstance(status, int) else 0


def _fail(message: str) -> int:
    click.echo(f"chude: {message}", err=True)
    return 1
