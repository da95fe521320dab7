import pytest

from filegraph.environment import Environment, InvalidEnvironment, read_environment, variable


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def test_everything_has_a_default_and_a_description() -> None:
    environment = read_environment()
    assert environment.database_threads == 4
    for name, field in Environment.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert field.description.endswith((".", "}.")) or "JSON" in field.description, name


def test_every_mistake_is_named_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "FILEGRAPH_DATABASE_URL": "mysql://user:hunter2@host/name",
        "FILEGRAPH_SECRET_KEY": "hunter2",
        "FILEGRAPH_MAX_FILE_SIZE": "hunter2",
        "FILEGRAPH_DATABASE_THREADS": "0",
        "FILEGRAPH_PUBLIC_URL": "hunter2.example.com/x",
        "FILEGRAPH_ALLOWED_ORIGINS": "https://a.example, hunter2",
        "FILEGRAPH_LOG_LEVEL": "hunter2",
        "FILEGRAPH_UPLOAD_LIFETIM": "60",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidEnvironment) as caught:
        read_environment()
    problems = caught.value.problems
    assert len(problems) == len(wrong)
    for name in wrong:
        (problem,) = [problem for problem in problems if problem.startswith(name + " ")]
        assert problem.endswith((".", "?"))
        assert "\n" not in problem
        assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILEGRAPH_PUBLIC_URL", "https://ada:hunter2@files.example.com"),
        ("FILEGRAPH_PUBLIC_URL", "https://hunter2@files.example.com"),
        ("FILEGRAPH_PUBLIC_URL", "https://files.example.com/#hunter2"),
        ("FILEGRAPH_ALLOWED_ORIGINS", "https://ada:hunter2@files.example.com"),
        ("FILEGRAPH_PUBLIC_URL", "https://files.example.com/?"),
        ("FILEGRAPH_PUBLIC_URL", "https://files.example.com#"),
        ("FILEGRAPH_PUBLIC_URL", "https://@files.example.com"),
        ("FILEGRAPH_S3_ENDPOINT_URL", "https://:@s3.example.com?"),
        ("FILEGRAPH_PUBLIC_URL", "https://[hunter2"),
        ("FILEGRAPH_PUBLIC_URL", "https://hunter2.example:99999"),
        ("FILEGRAPH_OPENFGA_API_URL", "http://[hunter2"),
        ("FILEGRAPH_OPENFGA_API_URL", "http://hunter2:99999"),
        ("FILEGRAPH_TRUSTED_PROXIES", "127.0.0.1, hunter2"),
    ],
)
def test_addresses_are_addresses_alone(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidEnvironment) as caught:
        read_environment()
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} must ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", ""),
        ("https://Files.example.com", "files.example.com"),
        ("https://files.example.com:8443/", "files.example.com"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("https://[2001:db8::1]", "[2001:db8::1]"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]"),
    ],
)
def test_the_host_of_the_public_address(monkeypatch: pytest.MonkeyPatch, url: str, host: str) -> None:
    monkeypatch.setenv("FILEGRAPH_PUBLIC_URL", url)
    assert read_environment().public_host == host


@pytest.mark.parametrize("value", ["{hunter2", "hunter2", "[]", "1"])
def test_what_is_no_mapping_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FILEGRAPH_STORAGE_BACKEND_CLASSES", value)
    with pytest.raises(InvalidEnvironment) as caught:
        read_environment()
    assert caught.value.problems == ["FILEGRAPH_STORAGE_BACKEND_CLASSES should be a valid dictionary."]


def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8, ::1")
    assert read_environment().trusted_proxies == ["127.0.0.1", "10.0.0.0/8", "::1"]


def test_lists_are_words_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_ALLOWED_HOSTS", " a.example,b.example ,")
    monkeypatch.setenv("FILEGRAPH_ALLOWED_ORIGINS", "HTTPS://A.example/")
    monkeypatch.setenv("FILEGRAPH_STORAGE_BACKEND_CLASSES", '{"mine": "package.Class"}')
    environment = read_environment()
    assert environment.allowed_hosts == ["a.example", "b.example"]
    assert environment.allowed_origins == ["https://a.example"]
    assert environment.storage_backend_classes == {"mine": "package.Class"}


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_TOKEN", "fg_x")
    monkeypatch.setenv("FILEGRAPH_S3_SECRET", "x")
    read_environment()


def test_secrets_are_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_SECRET_KEY", "hunter2" * 8)
    assert "hunter2" not in repr(read_environment())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"FILEGRAPH_STORE": "s3"}, "FILEGRAPH_S3_BUCKET must name a bucket, because FILEGRAPH_STORE is s3."),
        ({"FILEGRAPH_STORE": "tape"}, "FILEGRAPH_STORE should be 'local' or 's3'."),
        ({"FILEGRAPH_S3_BUCKET": "Hunter2"}, "FILEGRAPH_S3_BUCKET must be the name of a bucket"),
        ({"FILEGRAPH_S3_PREFIX": "/hunter2"}, "FILEGRAPH_S3_PREFIX must have letters"),
        ({"FILEGRAPH_S3_ENDPOINT_URL": "hunter2"}, "FILEGRAPH_S3_ENDPOINT_URL must look like"),
        ({"FILEGRAPH_S3_PUBLIC_ENDPOINT_URL": "https://a:hunter2@b"}, "FILEGRAPH_S3_PUBLIC_ENDPOINT_URL must look"),
        ({"FILEGRAPH_S3_ADDRESSING_STYLE": "hunter2"}, "FILEGRAPH_S3_ADDRESSING_STYLE should be"),
        (
            {"FILEGRAPH_S3_ACCESS_KEY_ID": "hunter2"},
            "FILEGRAPH_S3_SECRET_ACCESS_KEY must be set too, because FILEGRAPH_S3_ACCESS_KEY_ID is.",
        ),
        (
            {"FILEGRAPH_S3_SECRET_ACCESS_KEY": "hunter2"},
            "FILEGRAPH_S3_ACCESS_KEY_ID must be set too, because FILEGRAPH_S3_SECRET_ACCESS_KEY is.",
        ),
    ],
)
def test_mistakes_about_a_bucket(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidEnvironment) as caught:
        read_environment()
    (problem,) = caught.value.problems
    assert problem.startswith(sentence)
    assert "hunter2" not in problem.lower()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"FILEGRAPH_AUTHZ_SHADOW": "embedded"},
            "FILEGRAPH_AUTHZ_SHADOW must be another engine than FILEGRAPH_AUTHZ_CLIENT, or empty.",
        ),
        (
            {"FILEGRAPH_AUTHZ_SHADOW": "openfga"},
            "FILEGRAPH_OPENFGA_API_URL must say where the server is, because FILEGRAPH_AUTHZ_SHADOW is openfga.",
        ),
        ({"FILEGRAPH_AUTHZ_SHADOW": "hunter2"}, "FILEGRAPH_AUTHZ_SHADOW should be '', 'embedded' or 'openfga'."),
        ({"FILEGRAPH_AUTHZ_SHADOW_SAMPLE": "0"}, "FILEGRAPH_AUTHZ_SHADOW_SAMPLE should be greater than 0."),
        ({"FILEGRAPH_AUDIT_DENIALS": "1.5"}, "FILEGRAPH_AUDIT_DENIALS should be less than or equal to 1."),
        ({"FILEGRAPH_METRICS": "yes"}, "FILEGRAPH_METRICS must be addresses or networks"),
    ],
)
def test_mistakes_about_what_is_watched(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidEnvironment) as caught:
        read_environment()
    (problem,) = caught.value.problems
    assert problem.startswith(sentence)


def test_an_openfga_server_may_lie_below_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_OPENFGA_API_URL", "https://fga.example/api/")
    assert read_environment().openfga_api_url == "https://fga.example/api"
    for wrong in ("https://fga.example/api?x=1", "https://fga.example/#x", "fga.example", "https:///api"):
        monkeypatch.setenv("FILEGRAPH_OPENFGA_API_URL", wrong)
        with pytest.raises(InvalidEnvironment):
            read_environment()
