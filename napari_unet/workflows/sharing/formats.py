"""The files that a model can be written to and taken from: our own, ONNX, and BioImage.IO packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from napari_unet.errors import require
from napari_unet.models import library, library_exchange
from napari_unet.models.library import ModelEntry
from napari_unet.models.model import Model
from napari_unet.new_files import new_file
from napari_unet.workflows.sharing.about import About
from napari_unet.workflows.sharing.taking import take_into_library

FormatName = Literal["safetensors", "onnx", "bioimageio"]
"""How a model is written: as this program keeps it, or for other programs."""
SUFFIXES: dict[str, str] = {"safetensors": ".safetensors", "onnx": ".onnx", "bioimageio": ".zip"}


@dataclass(frozen=True)
class Wish:
    """How a model is to be written.

    Parameters
    ----------
    form : str, optional
        A `FormatName`; None: by the ending of the file.
    kind : str, optional
        Which of the kinds of image that the model knows; None: all, or, where the format holds one, the only one.
    about : About, optional
        Who made it; needed for BioImage.IO.
    example : Path, optional
        Image to test with, for BioImage.IO; None: a sample.
    pictures : bool
        Whether our own format keeps the pictures of images that the model learned from.
    """

    form: str | None = None
    kind: str | None = None
    overwrite: bool = False
    about: About | None = None
    example: Path | None = None
    pictures: bool = True


def format_of(path: str | Path, asked: str | None = None) -> str:
    """The format `asked` for, else the one that the ending of `path` says, else our own."""
    known = get_args(FormatName)
    require(asked is None or asked in known, f"There is no format {asked!r}; choose one of: {', '.join(known)}.")
    by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
    return asked or by_suffix.get(Path(path).suffix.lower(), "safetensors")


def export_for_others(name: str, path: str | Path, wish: Wish = Wish()) -> Path:
    """Write the model called `name` to `path` (a file, or a folder to put it in); returns the file."""
    path = Path(path).expanduser()
    form = format_of(path, wish.form)
    if form == "safetensors":
        return library_exchange.export_model(name, path, wish.overwrite, wish.kind or "", wish.pictures)
    target = _target(path, library.find_model(name).path.stem, SUFFIXES[form])
    require(wish.overwrite or not target.exists(), f"{target} exists already: choose another name.")
    model = pick_kind(library.load_model(name), wish.kind)
    payload = _make(model, form, wish)
    with new_file(target) as partial:
        partial.write_bytes(payload)
    return target


def _target(path: Path, stem: str, suffix: str) -> Path:
    if path.is_dir():
        return path / f"{stem}{suffix}"
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)


def _make(model: Model, form: str, wish: Wish) -> bytes:
    if form == "onnx":
        from napari_unet.models.exchange.onnx_file import make_onnx

        return make_onnx(model)
    from napari_unet.workflows.sharing.package import make_package

    return make_package(model, wish.about or About(), wish.example)


def pick_kind(model: Model, kind: str | None) -> Model:
    """The kind of `model` that is called `kind`, alone; None will do where it knows no others."""
    if kind is not None:
        return model.kind_called(kind)
    names = ", ".join(model.record.kind_names)
    require(not model.others, f"{model.name} knows several kinds of image, and such a file holds one: choose {names}.")
    return model


def import_any_model(path: str | Path) -> ModelEntry:
    """Take a model file of any known format into the library; the same one twice is one model.

    Raises
    ------
    UserError
        If it is no model, or one that would have to run code of its own.
    """
    path = Path(path).expanduser()
    form = format_of(path)
    if form == "safetensors":
        return library_exchange.import_model(path)
    require(path.is_file(), f"There is no model file {path}: check its name and folder.")
    if form == "bioimageio":
        from napari_unet.workflows.sharing.package import import_package

        return import_package(path)
    from napari_unet.models.exchange.onnx_file import read_onnx

    return take_into_library(read_onnx(path))
