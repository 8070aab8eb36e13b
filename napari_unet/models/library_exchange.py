"""Models that leave the library as a file, and files that become models of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.models.library import ModelEntry, find_model, list_models, list_names, models_dir, note_written
from napari_unet.models.library_files import SUFFIX, free_name, free_path, model_stem
from napari_unet.models.model_file import file_hash
from napari_unet.models.recorded.picture import without_pictures
from napari_unet.models.recorded.shared import read_all_weights
from napari_unet.models.renaming import write_renamed
from napari_unet.new_files import new_file


def export_model(name: str, path: str | Path, overwrite: bool = False, kind: str = "", pictures: bool = True) -> Path:
    """Copy a model's file to `path` (a file, or a folder to put it in); returns the file.

    With `kind`, the name of a kind of image that the model knows, that one alone, as a model of its own. `pictures`
    are of images that it learned from, which not everybody may pass on.
    """
    entry = find_model(name)
    target = Path(path).expanduser()
    if target.is_dir():
        target = target / f"{model_stem(kind or entry.name)}{SUFFIX}"
    if target.suffix != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    if target.exists() and not overwrite:
        raise UserError(f"{target} exists already: choose another name.")
    with new_file(target) as partial:
        if kind:
            _write_kind(entry, kind, partial, pictures)
        else:
            whole = read_all_weights(entry.path)
            partial.write_bytes(whole if pictures else without_pictures(whole))
    return target


def _write_kind(entry: ModelEntry, kind: str, path: Path, pictures: bool) -> None:
    """One kind of a model, with the name of it, that of the model where it is its own."""
    from napari_unet.models.model_file import load_model_file, save_model

    found = load_model_file(entry.path).kind_called(kind)
    found = found if pictures else replace(found, picture=None)
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
    name = free_name(model.record.name, list_names())
    target = free_path(models_dir(), name)
    with new_file(target) as partial:
        if name == model.record.name:
            partial.write_bytes(read_all_weights(path))
        else:
            write_renamed(path, partial, name)
    return note_written(target, sha256)
