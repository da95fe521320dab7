from __future__ import annotations

import pytest
import typer

from filegraph.client.errors import (
    CommandError,
    ExitCode,
    NotFoundOrDenied,
    NotSignedIn,
    Refused,
    ServerUnreachable,
    UsageFault,
    ends_with_exit_code,
    error_of,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("no"), 1),
        (UsageFault("no"), 2),
        (NotSignedIn("no"), 3),
        (NotFoundOrDenied("no"), 4),
        (ServerUnreachable("no"), 5),
        (Refused("no"), 6),
        (KeyboardInterrupt(), 130),
        (typer.Abort(), 130),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        ends_with_exit_code(command)()
    assert ended.value.code == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), said.err[:11]) == ("", 1, "filegraph: ")


@pytest.mark.parametrize("result", [None, ExitCode.OK, ExitCode.SOME_FAILED])
def test_a_result_is_the_exit_code(result: ExitCode | None) -> None:
    with pytest.raises(SystemExit) as ended:
        ends_with_exit_code(lambda: result)()
    assert ended.value.code == (result or 0)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAUTHENTICATED", NotSignedIn),
        ("ACCESS_TOKEN_EXPIRED", NotSignedIn),
        ("NOT_FOUND", NotFoundOrDenied),
        ("PERMISSION_DENIED", NotFoundOrDenied),
        ("NAME_TAKEN", Refused),
        ("", Refused),
    ],
)
def test_the_servers_code_decides(code: str, kind: type[CommandError]) -> None:
    assert type(error_of(code, "no")) is kind
