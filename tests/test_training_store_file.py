"""The file of the label store: where it is, who may read it, and what is said when it is not what it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelling import ME, example

from training.labels.errors import StoreDamaged, StoreError
from training.labels.store import open_store


def texts_in(home: Path) -> list[str]:
    store = open_store(home)
    try:
        return [kept.document.text for kept in store.examples()]
    finally:
        store.engine.dispose()


def keep(home: Path, *texts: str) -> None:
    store = open_store(home)
    store.add([example(text) for text in texts], ME)
    store.engine.dispose()


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=NAMES.filter(lambda name: name not in (".", "..") and len(name.encode()) < 200))
def test_a_home_of_any_name_has_a_store_of_its_own(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    keep(home, f"bài của {name}")
    assert texts_in(home) == [f"bài của {name}"]
    assert (home / "labels.sqlite").stat().st_size > 0
    assert {path.name for path in home.iterdir()} == {"labels.sqlite"}


@pytest.mark.parametrize("names", [("a?b", "a?c", "a"), ("a#b", "a#c"), ("a%41", "aA"), ("a b", "a%20b", "a+b")])
def test_homes_share_no_store(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        keep(tmp_path / name, f"bài của {name}")
    assert [texts_in(tmp_path / name) for name in names] == [[f"bài của {name}"] for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def modes(home: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.glob("labels*"))}


def test_labels_are_for_their_user_alone(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    store = open_store(home)
    store.add([example("Bầu cử")], ME)
    assert modes(home) == {
        "home": 0o700,
        "labels.sqlite": 0o600,
        "labels.sqlite-wal": 0o600,
        "labels.sqlite-shm": 0o600,
    }
    store.engine.dispose()
    (home / "labels.sqlite").chmod(0o644)
    home.chmod(0o755)
    assert texts_in(home) == ["Bầu cử"]
    assert modes(home) == {"home": 0o755, "labels.sqlite": 0o600}


def test_an_emptied_store_is_no_new_one(tmp_path: Path) -> None:
    keep(tmp_path, "Bầu cử")
    (tmp_path / "labels.sqlite").write_bytes(b"")
    with pytest.raises(StoreDamaged, match=r"labels\.sqlite: is empty.*restore it.*to begin a new store, remove"):
        open_store(tmp_path)
    (tmp_path / "labels.sqlite").unlink()
    assert texts_in(tmp_path) == []


def test_a_log_without_its_store_is_no_new_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add([example("Bầu cử")], ME)
    (tmp_path / "labels.sqlite").unlink()
    with pytest.raises(StoreDamaged, match=r"is gone, but labels\.sqlite-wal is there"):
        open_store(tmp_path)
    store.engine.dispose()


def spoil(path: Path, at: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(size))


@pytest.mark.parametrize("damage", ["cut", "header", "pages", "text"])
def test_a_damaged_store_is_refused_before_anything_is_written(tmp_path: Path, damage: str) -> None:
    keep(tmp_path, *(f"bài số {n} " + "chữ " * 90 for n in range(300)))
    path = tmp_path / "labels.sqlite"
    size = path.stat().st_size
    if damage == "cut":
        os.truncate(path, size // 2)
    elif damage == "header":
        spoil(path, 0, 100)
    elif damage == "pages":
        spoil(path, size // 4, size // 2)
    else:
        path.write_text("no database " * 1000, encoding="ascii")
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="restore it from a copy"):
        open_store(tmp_path)
    assert path.read_bytes() == before


def test_a_store_that_is_damaged_while_it_is_open_takes_nothing_any_more(tmp_path: Path) -> None:
    keep(tmp_path, *(f"bài số {n} " + "chữ " * 90 for n in range(300)))
    store, path = open_store(tmp_path), tmp_path / "labels.sqlite"
    store.engine.dispose()  # what was read by now is kept in memory
    spoil(path, 4096, path.stat().st_size - 4096)
    with pytest.raises(StoreDamaged, match="cannot be read: .*malformed.*restore it from a copy"):
        list(store.examples())
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="nothing is written into it"):
            store.add([example("Bầu cử")], ME)
    store.engine.dispose()


def test_a_store_that_is_gone_or_empty_acknowledges_nothing(tmp_path: Path) -> None:
    keep(tmp_path, "Bầu cử")
    store, path = open_store(tmp_path), tmp_path / "labels.sqlite"
    path.rename(tmp_path / "moved")
    with pytest.raises(StoreError, match=r"labels\.sqlite: No such file"):
        store.add([example("mất")], ME)
    assert not path.exists()
    (tmp_path / "moved").rename(path)
    store.add([example("còn")], ME)
    assert texts_in(tmp_path) == ["Bầu cử", "còn"]
    os.truncate(path, 0)
    with pytest.raises(StoreDamaged, match="is empty by now"):
        store.add([example("mất")], ME)
    store.engine.dispose()


def test_a_store_that_was_restored_from_a_copy_is_used_at_once(tmp_path: Path) -> None:
    keep(tmp_path, "Bầu cử")
    path, copy = tmp_path / "labels.sqlite", tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    store = open_store(tmp_path)
    store.add([example("sau bản sao")], ME)
    store.engine.pool.dispose()
    copy.replace(path)
    store.add([example("sau khi khôi phục")], ME)
    assert texts_in(tmp_path) == ["Bầu cử", "sau khi khôi phục"]
    store.engine.dispose()


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "labels.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"labels\.sqlite: cannot be opened: Is a directory"):
        open_store(tmp_path)
