"""The models at hand: those that ship with the package, and the user's own, one `.safetensors` file each.

Display names are unique in the library, so that a name says which model is meant. No torch at import: the window lists
models before it needs the network.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from psygnal import SignalInstance

from napari_unet.errors import UserError
from napari_unet.models.library_files import SUFFIX, checked_name, free_name, free_path
from napari_unet.models.library_index import LibraryIndex
from napari_unet.models.model_file import file_hash, read_record
from napari_unet.models.record import ModelRecord, check_class_names
from napari_unet.models.renaming import write_renamed, write_with
from napari_unet.new_files import new_file

if TYPE_CHECKING:
    from napari_unet.models.model import Model

PRETRAINED = Path(__file__).parent / "pretrained"
changed = SignalInstance(name="changed")
"""Told whenever the functions below have given the library another content, in the thread that did."""


@dataclass(frozen=True)
class ModelEntry:
    """A model in the library, without its weights."""

    name: str
    path: Path
    record: ModelRecord
    shipped: bool
    sha256: str


@dataclass(frozen=True)
class BrokenFile:
    """A file in the library that is no usable model, and why."""

    path: Path
    message: str


def models_dir() -> Path:
    """Folder of the user's models, made if need be; NAPARI_UNET_MODELS names another one."""
    named = os.environ.get("NAPARI_UNET_MODELS")
    folder = Path(named).expanduser() if named else platformdirs.user_data_path("napari-unet") / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder for models, {folder}, cannot be made: {error.strerror}.") from error
    return folder


def scan_models() -> tuple[list[ModelEntry], list[BrokenFile]]:
    """Every model in the library, the shipped ones first, and the files that are none."""
    entries: list[ModelEntry] = []
    broken: list[BrokenFile] = []
    for folder, shipped in ((PRETRAINED, True), (models_dir(), False)):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                entries.append(_entry(path, shipped))
            except UserError as error:
                broken.append(BrokenFile(path, str(error)))
    return entries, broken


def list_models() -> list[ModelEntry]:
    """Every usable model in the library, the shipped ones first."""
    return scan_models()[0]


def list_names() -> list[str]:
    """The names of the usable models in the library."""
    return [entry.name for entry in list_models()]


def find_model(name: str) -> ModelEntry:
    """The model called `name` (case does not matter; the name of its file will do too)."""
    entries = list_models()
    for key in (name, name.casefold()):
        for entry in entries:
            if key in (entry.name, entry.name.casefold(), entry.path.stem):
                return entry
    known = ", ".join(entry.name for entry in entries) or "none"
    raise UserError(f"There is no model called {name!r}; there are: {known}.")


def find_model_or_file(name_or_path: str | Path) -> ModelEntry:
    """The model of that name in the library, or in that file (a `Path`, or a text that ends or reads like one)."""
    if isinstance(name_or_path, str) and not _is_file_name(name_or_path):
        return find_model(name_or_path)
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        raise UserError(f"There is no model file {path}: check its name and folder.")
    return _entry(path, shipped=path.parent == PRETRAINED)


def load_model(name_or_path: str | Path | None = None) -> Model:
    """Load a model by its name in the library or from its file; None: the default model."""
    from napari_unet.models.model_file import load_model_file

    chosen = default_model_name() if name_or_path is None else name_or_path
    return load_model_file(find_model_or_file(chosen).path)


def default_entry() -> ModelEntry | None:
    """The model that Segment starts with: the user's choice, else the first that ships; None if there is neither."""
    entries = list_models()
    chosen = LibraryIndex.read(models_dir()).default
    own = (entry for entry in entries if not entry.shipped and entry.path.name == chosen)
    shipped = (entry for entry in entries if entry.shipped)
    return next(own, None) or next(shipped, None)


def default_model_name() -> str:
    """Name of the model that Segment starts with."""
    entry = default_entry()
    if entry is None:
        raise UserError("The shipped model is missing: install napari-unet-finetune again.")
    return entry.name


def set_default_model(name: str | None) -> None:
    """Make `name` the model that Segment starts with; None goes back to the shipped one."""
    entry = find_model(name) if name is not None else None
    chosen = entry.path.name if entry and not entry.shipped else None
    folder = models_dir()
    replace(LibraryIndex.read(folder), default=chosen).write(folder)


def save_to_library(model: Model) -> Model:
    """Write `model` to a new file in the library, under a name that no other has; returns it as saved."""
    from napari_unet.models.model_file import save_model

    name = free_name(model.record.name, list_names())
    path = free_path(models_dir(), name)
    saved = save_model(replace(model, record=model.record.model_copy(update={"name": name})), path)
    changed.emit()
    return saved


def rename_model(name: str, new_name: str) -> ModelEntry:
    """Change the display name. Weights stay bit for bit; children still find their parent."""
    entry = _own(name, "renamed")
    new_name = checked_name(new_name)
    taken = {e.name.casefold() for e in list_models() if e.path != entry.path}
    if new_name.casefold() in taken:
        raise UserError(f"There is a model called {new_name!r} already: choose another name.")
    with new_file(entry.path) as partial:
        write_renamed(entry.path, partial, new_name)
    return note_written(entry.path, entry.sha256)


def rename_classes(name: str, class_names: Sequence[str]) -> ModelEntry:
    """Give a model's classes other names, as many as before. Weights stay bit for bit."""
    entry = _own(name, "changed")
    if entry.record.outputs != entry.record.class_names:
        raise UserError(f"{entry.name} finds objects and has no classes to name.")
    names = check_class_names(class_names)
    known = entry.record.class_names
    if len(names) != len(known):
        raise UserError(f"{entry.name} has {len(known)} classes ({', '.join(known)}): give as many names.")
    with new_file(entry.path) as partial:
        write_with(entry.path, partial, {"class_names": names, "outputs": names})
    return note_written(entry.path, entry.sha256)


def remove_model(name: str) -> None:
    """Delete a model's file for good. The shipped ones stay."""
    entry = _own(name, "removed")
    try:
        entry.path.unlink()
    except OSError as error:
        raise UserError(f"{entry.path} could not be removed: {error.strerror}.") from error
    changed.emit()


def lineage(entry: ModelEntry) -> list[ModelEntry | str]:
    """Ancestors of `entry`, parent first; one that is not in the library ends the list, by its name."""
    by_hash = {e.sha256: e for e in list_models()}
    index = LibraryIndex.read(models_dir())
    found: list[ModelEntry | str] = []
    record = entry.record
    while record.parent is not None:
        parent = by_hash.get(index.current_hash(record.parent))
        if parent is None or parent in found:
            found.append(record.parent_name or record.parent[:12])
            break
        found.append(parent)
        record = parent.record
    return found


def _entry(path: Path, shipped: bool) -> ModelEntry:
    found = path.stat()
    return _read_entry(path, shipped, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _read_entry(path: Path, shipped: bool, modified: int, size: int) -> ModelEntry:
    """The entry of `path` as of `modified` and `size`: the window asks often, and hashing reads the whole file."""
    record = read_record(path)
    return ModelEntry(record.name, path, record, shipped, file_hash(path))


def _own(name: str, done: str) -> ModelEntry:
    """The user's model called `name`; raises `UserError` for a shipped one."""
    entry = find_model(name)
    if entry.shipped:
        raise UserError(f"{entry.name} ships with the program and cannot be {done}: work on a model of your own.")
    return entry


def _is_file_name(text: str) -> bool:
    return text.endswith(SUFFIX) or any(separator in text for separator in ("/", os.sep))


def note_written(path: Path, old: str) -> ModelEntry:
    """The entry of a file that had the hash `old`: what it has now is remembered, for the lineage of its children."""
    entry = _entry(path, shipped=False)
    if old != entry.sha256:
        folder = models_dir()
        LibraryIndex.read(folder).with_renamed(old, entry.sha256).write(folder)
    changed.emit()
    return entry
