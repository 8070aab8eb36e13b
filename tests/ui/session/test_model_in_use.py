"""Which model is used where the chosen one has gone, and that its file is read once; projects that were open last."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_unet.errors import UserError
from napari_unet.models import library
from napari_unet.ui.session.keeping import recent
from napari_unet.ui.session.keeping.recent import note_recent, recent_projects
from napari_unet.ui.session.running.model_in_use import ModelInUse


class Shelf:
    """A library of models that are only names, with what is asked of it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.names, self.default = ["Nuclei", "Embryo", "Tissue"], "Embryo"
        self.looked, self.read, self.remembered = 0, [], []
        patch.setattr(library, "list_models", self._list)
        patch.setattr(library, "default_model_name", self._default)
        patch.setattr(library, "set_default_model", self.remembered.append)
        patch.setattr(library, "load_model", self._load)

    def _list(self) -> list[Any]:
        self.looked += 1
        return [SimpleNamespace(name=name, sha256=f"{name}#", path=Path(name)) for name in self.names]

    def _default(self) -> str:
        if not self.default:
            raise UserError("There is no model.")
        return self.default

    def _load(self, path: Path) -> object:
        self.read.append(path.name)
        return object()


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr("napari_unet.ui.session.running.model_in_use._FRESH_SECONDS", 1e6)
    return Shelf(monkeypatch)


def name_of(used: ModelInUse) -> str | None:
    return None if used.entry is None else used.entry.name


def test_the_chosen_model_goes_before_the_default_and_the_default_before_any(shelf: Shelf) -> None:
    used = ModelInUse()
    assert name_of(used) == "Embryo"
    used.choose("Tissue", remember=False)
    assert name_of(used) == "Tissue"
    shelf.names.remove("Tissue")
    assert name_of(used) == "Tissue", "the folder was looked at just now"
    used.look_again()
    assert name_of(used) == "Embryo"
    shelf.default = ""
    used.look_again()
    assert name_of(used) == "Nuclei"
    shelf.names.clear()
    used.look_again()
    assert used.entry is None
    with pytest.raises(UserError, match="There is no model: open Models and import one"):
        used.loader()


def test_only_what_is_to_be_remembered_is_and_the_folder_is_looked_at_once_a_click(shelf: Shelf) -> None:
    used = ModelInUse()
    for _ in range(5):
        assert used.entry is not None
    assert shelf.looked == 1
    used.choose("Nuclei", remember=False)
    assert shelf.remembered == []
    used.choose(None, remember=True)
    assert shelf.remembered == [None]
    assert name_of(used) == "Embryo"


def test_a_file_is_read_once_until_it_is_another_one(shelf: Shelf) -> None:
    used = ModelInUse()
    load = used.loader()
    first = load()
    assert load() is first
    assert used.loader()() is first
    used.choose("Tissue", remember=False)
    assert shelf.read == ["Embryo"], "it is read where it is needed, in the thread"
    assert load() is first, "work that began goes on with its model"
    assert used.loader()() is not first
    assert shelf.read == ["Embryo", "Tissue"]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of the projects that were open last, in a folder that does not exist yet."""
    file = tmp_path / "data" / "recent_projects.json"
    monkeypatch.setattr(recent, "_file", lambda: file)
    return file


def make(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.touch()
    return paths


def test_the_last_project_comes_first_once_and_those_that_have_gone_are_left_out(listed: Path, tmp_path: Path) -> None:
    assert recent_projects() == []
    a, b, c = make(tmp_path, "a", "b", "c")
    for path in (a, b, c, a):
        note_recent(path)
    assert recent_projects() == [a, c, b]
    c.unlink()
    assert recent_projects() == [a, b]


def test_eight_are_kept(listed: Path, tmp_path: Path) -> None:
    paths = make(tmp_path, *"abcdefghij")
    for path in paths:
        note_recent(path)
    assert recent_projects() == paths[:1:-1]


@pytest.mark.parametrize("content", ["no list", "3", "[1, 2]", "null", ""])
def test_a_damaged_list_is_an_empty_one_and_is_mended(listed: Path, tmp_path: Path, content: str) -> None:
    listed.parent.mkdir()
    listed.write_text(content, encoding="utf-8")
    assert recent_projects() == []
    (path,) = make(tmp_path, "a")
    note_recent(path)
    assert recent_projects() == [path]


def test_a_list_that_cannot_be_kept_stops_nobody(listed: Path, tmp_path: Path) -> None:
    listed.parent.touch()  # a file where the folder should be
    note_recent(*make(tmp_path, "a"))
    assert recent_projects() == []
