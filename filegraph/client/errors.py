"""What ends a client command: one clear sentence and an exit code. Server-side errors do not belong here.

    CommandError
    ├── UsageFault            the command was not understood (exit 2)
    ├── NotSignedIn           no token, or the server does not accept it (exit 3)
    ├── NotFoundOrDenied      absent, or not yours: one answer (exit 4)
    ├── ServerUnreachable     no connection, or no sensible answer (exit 5)
    └── Refused               the server understood and said no: conflict, quota, limits (exit 6)

Exit code 1: the command ran and some of its items failed, or the person said no to its question. Ctrl-C ends with
130, as shells expect.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import typer

from filegraph.client.terminal import complain

P = ParamSpec("P")


class ExitCode(IntEnum):
    """The exit codes of every client command."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    REFUSED = 6
    INTERRUPTED = 130


class CommandError(Exception):
    """Base of all; do not raise directly. ``message`` is one sentence for people; ``code`` is the server's, if any."""

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, message: str, *, code: str = "", retryable: bool = False) -> None:
        self.message = message
        self.code = code
        self.retryable = retryable
        super().__init__(message)


class UsageFault(CommandError):
    """The command line does not make sense."""

    exit_code = ExitCode.USAGE


class NotSignedIn(CommandError):
    """There is no token, or the server does not accept it."""

    exit_code = ExitCode.NOT_SIGNED_IN


class NotFoundOrDenied(CommandError):
    """Absent, or not yours."""

    exit_code = ExitCode.NOT_FOUND


class ServerUnreachable(CommandError):
    """No connection, or an answer that no Filegraph server gives."""

    exit_code = ExitCode.UNREACHABLE


class Refused(CommandError):
    """The server understood the request and refused it."""

    exit_code = ExitCode.REFUSED


_SIGNED_OUT_CODES = frozenset(
    {"UNAUTHENTICATED", "INVALID_CREDENTIALS", "INVALID_ACCESS_TOKEN", "ACCESS_TOKEN_EXPIRED"}
)
_DENIED_CODES = frozenset({"NOT_FOUND", "PERMISSION_DENIED"})


def error_of(code: str, message: str, *, retryable: bool = False) -> CommandError:
    """The error class for a server's error code."""
    kind: type[CommandError] = Refused
    if code in _SIGNED_OUT_CODES:
        kind = NotSignedIn
    elif code in _DENIED_CODES:
        kind = NotFoundOrDenied
    return kind(message, code=code, retryable=retryable)


def about(name: str, error: CommandError) -> CommandError:
    """The same error, with the name that the server found nobody by: it does not repeat names."""
    return Refused(f"{name}: {error.message}", code=error.code) if error.code == "ACCOUNT_NOT_FOUND" else error


def ends_with_exit_code(command: Callable[P, int | None]) -> Callable[P, None]:
    """Turn a command's result or ``CommandError`` into the process's exit code; no traceback reaches the person."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except CommandError as error:
            complain(error.message)
            sys.exit(int(error.exit_code))
        except KeyboardInterrupt:
            complain("Interrupted. Run the same command again to go on where it stopped.")
            sys.exit(int(ExitCode.INTERRUPTED))
        except typer.Abort:
            # Ctrl-C, or the end of input, at a question.
            complain("Interrupted.")
            sys.exit(int(ExitCode.INTERRUPTED))
        sys.exit(int(code or ExitCode.OK))

    return run
