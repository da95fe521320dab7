import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filegraph.secret_key import FILE_NAME, ensure_secret_key, read_secret_key


def test_it_is_made_once_and_readable_by_nobody_else(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    assert read_secret_key(place) == ""
    key = ensure_secret_key(place)
    assert len(key) >= 50
    assert ensure_secret_key(place) == read_secret_key(place) == key
    assert stat.S_IMODE((place / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in place.iterdir()] == [FILE_NAME]


def test_callers_at_once_get_one_key(tmp_path: Path) -> None:
    for number in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(ensure_secret_key, [tmp_path / str(number)] * 8))
        assert len(keys) == 1
        assert "" not in keys
