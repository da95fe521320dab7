from pytest_django import Settings

from accounts.csrf import csrf_token, csrf_token_is_valid


def test_the_token_belongs_to_one_session() -> None:
    assert csrf_token_is_valid("one", csrf_token("one"))
    assert not csrf_token_is_valid("one", csrf_token("two"))
    for token in ("", "x", "\u00e9", csrf_token("one")[:-1]):
        assert not csrf_token_is_valid("one", token)


def test_a_former_key_counts_while_it_is_a_fallback(settings: Settings) -> None:
    token = csrf_token("one")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-more-than-thirty-two-characters"
    assert not csrf_token_is_valid("one", token)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert csrf_token_is_valid("one", token)
