from __future__ import annotations

import pytest

from accounts.errors import AccountsError, RateLimited
from authz.errors import AuthorizationUnavailable, AuthzError, InvalidTuple, MissingContext
from authz.services import undecided
from authz.services.throttle import Throttle
from schema.errors import ErrorCode, bad_input, codes, user_error
from schema.ids import InvalidId
from storage.errors import InvalidArgument, NameTaken, NotFound, StorageError, TooManyUploads, UploadIncomplete


def every(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(error for child in root.__subclasses__() for error in every(child))]


@pytest.mark.parametrize("root", [StorageError, AccountsError, AuthzError])
def test_every_code_of_the_trees_is_a_value_of_the_enum(root: type[Exception]) -> None:
    for error in every(root):
        assert error.code in ErrorCode.__members__  # type: ignore[attr-defined]
        assert codes()[error.code]  # type: ignore[attr-defined]


def test_an_expected_error_keeps_its_words_and_place() -> None:
    error = user_error(InvalidArgument("Too small.", path=["size"]))
    assert (error.code, error.message, error.path, error.retryable) == (
        "INVALID_ARGUMENT",
        "Too small.",
        ["input", "size"],
        False,
    )
    assert user_error(NotFound(), ("input", "id")).path == ["input", "id"]
    assert user_error(NameTaken(), ("input", "id"), ("input", "uploads", "2")).path == ["input", "uploads", "2", "name"]
    assert user_error(NameTaken(), ("input", "uploadId"), fields=None).path == ["input", "uploadId"]
    assert user_error(RateLimited()).retryable


def test_what_may_pass_by_itself_is_no_fault_of_a_field() -> None:
    for error in (AuthorizationUnavailable(), TooManyUploads()):
        assert user_error(error, ("input", "parentId")).path == ["input"]
    assert user_error(UploadIncomplete(), ("input", "uploadId"), fields=None).path == ["input", "uploadId"]


def test_the_words_of_the_engine_are_not_shown() -> None:
    error = user_error(InvalidTuple("user:secret cannot be viewer of file:secret"))
    assert "secret" not in error.message
    assert user_error(AuthorizationUnavailable("host db-7 down")).retryable
    assert "db-7" not in user_error(AuthorizationUnavailable("host db-7 down")).message


def test_a_condition_that_could_not_be_decided_is_told_to_the_operator(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undecided, "LINES", Throttle(60.0))
    error = user_error(MissingContext("condition 'until' lacks end, of user:secret as viewer of file:secret"))
    assert "secret" not in error.message
    assert [each for each in caplog.messages if "user:secret as viewer" in each]


def test_what_is_no_id_is_answered_like_what_is_absent() -> None:
    assert user_error(InvalidId("x")) == user_error(NotFound())


def test_bad_input_and_the_unexpected() -> None:
    assert bad_input("No.", "ids").path == ["input", "ids"]
    with pytest.raises(ZeroDivisionError):
        user_error(ZeroDivisionError())
