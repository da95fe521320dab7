from pathlib import Path

from filegraph.environment import Environment, variable
from filegraph.settings_reference import settings_reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_reference(), "Run: make docs"


def test_every_setting_is_in_it() -> None:
    for name in Environment.model_fields:
        assert f"`{variable(name)}`" in settings_reference()
