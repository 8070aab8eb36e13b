"""What the library remembers beside its files: renamed models are found again, and a damaged index costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_unet.errors import UserError
from napari_unet.models.library_index import LibraryIndex


def test_an_index_reads_as_it_was_written_and_leaves_nothing_else(tmp_path: Path) -> None:
    index = LibraryIndex("cells.safetensors").with_renamed("a", "b")
    index.write(tmp_path)
    assert LibraryIndex.read(tmp_path) == index
    assert [path.name for path in tmp_path.iterdir()] == ["library.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"renamed": 3}', '{"renamed": ["abc"]}', '{"default": 5}'])
def test_a_damaged_index_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "library.json").write_text(text, encoding="utf8")
    assert LibraryIndex.read(tmp_path) == LibraryIndex()


def test_a_folder_that_is_not_there_has_an_empty_index_and_is_named_when_written_to(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert LibraryIndex.read(gone) == LibraryIndex()
    with pytest.raises(UserError, match=r"The folder for models, .*gone, cannot be written: No such file"):
        LibraryIndex().write(gone)


@pytest.mark.parametrize(
    ("renamed", "now"),
    [({}, "a"), ({"a": "b"}, "b"), ({"a": "b", "b": "c"}, "c"), ({"b": "a"}, "a"), ({"a": "b", "b": "a"}, "a")],
)
def test_a_model_is_found_however_often_it_was_renamed(renamed: dict[str, str], now: str) -> None:
    assert LibraryIndex(renamed=renamed).current_hash("a") == now


def test_a_renaming_leaves_the_index_that_it_started_from() -> None:
    before = LibraryIndex("x")
    assert before.with_renamed("a", "b") == LibraryIndex("x", {"a": "b"})
    assert before == LibraryIndex("x")
