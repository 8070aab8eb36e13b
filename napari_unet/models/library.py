"""The models at hand: those that ship with the package, and the user's own, one `.safetensors` file each.

Display names are unique in the library, so that a name says which model is meant. No torch at import: the window lists
models before it needs the network.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from psygnal import SignalInstance

from napari_unet.errors import UserError
from napari_unet.models.library_index import LibraryIndex
from napari_unet.models.model_file import file_hash, read_record
from napari_unet.models.record import ModelRecord, check_class_names
from napari_unet.models.renaming import write_renamed, write_with

if TYPE_CHECKING:
    from napari_unet.models.model import Model

SUFFIX = ".safetensors"
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

    name = _free_name(model.record.name)
    path = _free_path(name)
    saved = save_model(replace(model, record=model.record.model_copy(update={"name": name})), path)
    changed.emit()
    return saved


def rename_model(name: str, new_name: str) -> ModelEntry:
    """Change the display name. Weights stay bit for bit; children still find their parent."""
    entry = _own(name, "renamed")
    new_name = _checked_name(new_name)
    taken = {e.name.casefold() for e in list_models() if e.path != entry.path}
    if new_name.casefold() in taken:
        raise UserError(f"There is a model called {new_name!r} already: choose another name.")
    with _new_file(entry.path) as partial:
        write_renamed(entry.path, partial, new_name)
    return _note_written(entry.path, entry.sha256)


def rename_classes(name: str, class_names: Sequence[str]) -> ModelEntry:
    """Give a model's classes other names, as many as before. Weights stay bit for bit."""
    entry = _own(name, "changed")
    if entry.record.outputs != entry.record.class_names:
        raise UserError(f"{entry.name} finds objects and has no classes to name.")
    names = check_class_names(class_names)
    known = entry.record.class_names
    if len(names) != len(known):
        raise UserError(f"{entry.name} has {len(known)} classes ({', '.join(known)}): give as many names.")
    with _new_file(entry.path) as partial:
        write_with(entry.path, partial, {"class_names": names, "outputs": names})
    return _note_written(entry.path, entry.sha256)


def remove_model(name: str) -> None:
    """Delete a model's file for good. The shipped ones stay."""
    entry = _own(name, "removed")
    try:
        entry.path.unlink()
    except OSError as error:
        raise UserError(f"{entry.path} could not be removed: {error.strerror}.") from error
    changed.emit()


def export_model(name: str, path: str | Path, overwrite: bool = False, kind: str = "") -> Path:
    """Copy a model's file to `path` (a file, or a folder to put it in); returns the file.

    With `kind`, the name of a kind of image that the model knows, that one alone, as a model of its own.
    """
    entry = find_model(name)
    target = Path(path).expanduser()
    if target.is_dir():
        target = target / f"{_file_stem(kind or entry.name)}{SUFFIX}"
    if target.suffix != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    if target.exists() and not overwrite:
        raise UserError(f"{target} exists already: choose another name.")
    with _new_file(target) as partial:
        if kind:
            _write_kind(entry, kind, partial)
        else:
            shutil.copyfile(entry.path, partial)
    return target


def _write_kind(entry: ModelEntry, kind: str, path: Path) -> None:
    """One kind of a model, with the name of it, that of the model where it is its own."""
    from napari_unet.models.model_file import load_model_file, save_model

    found = load_model_file(entry.path).kind_called(kind)
    called = f"{entry.name}: {found.record.kind_name}" if entry.record.kinds else entry.name
    save_model(
        replace(found, record=found.record.model_copy(update={"name": called[:100]})),
        path,
        half=bool(entry.record.kinds),
    )


def import_model(path: str | Path) -> ModelEntry:
    """Copy a model file into the library, once it has been checked to work; the same file twice is one model."""
    from napari_unet.models.model_file import load_model_file

    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f"There is no model file {path}: check its name and folder.")
    model = load_model_file(path)
    sha256 = file_hash(path)
    for entry in list_models():
        if entry.sha256 == sha256:
            return entry
    name = _free_name(model.record.name)
    target = _free_path(name)
    with _new_file(target) as partial:
        if name == model.record.name:
            shutil.copyfile(path, partial)
        else:
            write_renamed(path, partial, name)
    return _note_written(target, sha256)


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


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise UserError("A model's name must have 1 to 100 characters: choose another name.")
    return name


def _free_name(name: str) -> str:
    """`name`, with a number behind it if a model is called so already."""
    name = _checked_name(name)
    taken = {entry.name.casefold() for entry in list_models()}
    if name.casefold() not in taken:
        return name
    stem = re.sub(r" \(\d+\)$", "", name)
    return next(new for n in range(2, len(taken) + 3) if (new := f"{stem} ({n})").casefold() not in taken)


def _file_stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def _free_path(name: str) -> Path:
    """A file in the user's folder that does not exist, told from `name`."""
    stem = _file_stem(name)
    number = 1
    while (path := models_dir() / (f"{stem}{SUFFIX}" if number == 1 else f"{stem}-{number}{SUFFIX}")).exists():
        number += 1
    return path


def _note_written(path: Path, old: str) -> ModelEntry:
    """The entry of a file that had the hash `old`: what it has now is remembered, for the lineage of its children."""
    entry = _entry(path, shipped=False)
    if old != entry.sha256:
        folder = models_dir()
        LibraryIndex.read(folder).with_renamed(old, entry.sha256).write(folder)
    changed.emit()
    return entry


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` once it is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
