"""BioImage.IO packages: a model with its description, test arrays and cover, as one zip file; and back."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from napari_unet.errors import UserError, require
from napari_unet.labels.types import Array
from napari_unet.models import library_exchange
from napari_unet.models.exchange.onnx_file import make_onnx
from napari_unet.models.library import ModelEntry
from napari_unet.models.library_files import SUFFIX
from napari_unet.models.model import Model
from napari_unet.models.model_file import save_model
from napari_unet.workflows.sharing import description
from napari_unet.workflows.sharing.about import About
from napari_unet.workflows.sharing.example import make_example
from napari_unet.workflows.sharing.taking import take_into_library

_DESCRIPTIONS = (description.DESCRIPTION, "rdf.yaml")
_LARGEST = 2**31  # bytes of a model in a package


def make_package(model: Model, about: About, example: Path | None = None) -> bytes:
    """A package (zip) of one kind of a model, which `bioimageio test` takes.

    Parameters
    ----------
    example : Path, optional
        An image to test with and for the cover; a sample where there is none.

    Raises
    ------
    UserError
        If the format cannot hold such a model, no author is named, or the example does not suit.
    """
    description.check_describable(model.record)
    shown = make_example(model, example)
    files = {
        description.WEIGHTS: make_onnx(model),
        description.WHOLE: _own_file(model),
        description.TEST_INPUT: _npy(shown.grey),
        description.TEST_OUTPUT: _npy(shown.probabilities),
        description.COVER: shown.cover,
        description.PAGE: description.describe_page(model.record, about).encode(),
    }
    told = description.describe_model(model, about, files)
    files[description.DESCRIPTION] = yaml.safe_dump(told, sort_keys=False, allow_unicode=True).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, payload in files.items():
            archive.writestr(name, payload)
    return packed.getvalue()


def import_package(path: Path) -> ModelEntry:
    """The model of a package of ours, or the ONNX network of another program, in the library.

    Python source is neither read nor run: a package whose only weights need some is refused.

    Raises
    ------
    UserError
        If it is no package, brings Python source, or holds a network that cannot be shown images as it wants.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            told = _read_description(archive, path)
            own = _find_own(archive, told, path)
            if own is None and _has_onnx(told):
                from napari_unet.workflows.sharing.foreign_package import read_foreign

                return take_into_library(read_foreign(archive, told, path.name))
            _refuse_source(archive, told, path)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise UserError(f"{path.name} is damaged or no BioImage.IO package; get it again.") from error
    require(
        own is not None, f"{path.name} has no weights that this program can use: it takes ONNX, and models of its own."
    )
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / description.WHOLE
        unpacked.write_bytes(own or b"")
        return library_exchange.import_model(unpacked)


def _read_description(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    name = next((name for name in _DESCRIPTIONS if name in archive.namelist()), None)
    try:
        told = yaml.safe_load(archive.read(name)) if name else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"The description in {path.name} cannot be read; get the package again.") from error
    if not isinstance(told, dict) or told.get("type") != "model":
        raise UserError(f"{path.name} is not a BioImage.IO package of a model.")
    return told


def _refuse_source(archive: zipfile.ZipFile, told: dict[str, Any], path: Path) -> None:
    """A package with Python source, or that names some, would have to run it."""
    sources = [name for name in archive.namelist() if name.endswith((".py", ".pyc", ".ipynb"))]
    weights = told.get("weights")
    for entry in weights.values() if isinstance(weights, dict) else ():
        architecture = entry.get("architecture") if isinstance(entry, dict) else None
        if architecture:
            sources.append(
                str(architecture.get("source", architecture) if isinstance(architecture, dict) else architecture)
            )
    if sources:
        raise UserError(
            f"{path.name} brings Python source ({sources[0]}), which would have to run on this computer to use the "
            "model; it is not taken. Ask its author for a file of this program."
        )


def _has_onnx(told: dict[str, Any]) -> bool:
    weights = told.get("weights")
    return isinstance(weights, dict) and isinstance(weights.get("onnx"), dict)


def _find_own(archive: zipfile.ZipFile, told: dict[str, Any], path: Path) -> bytes | None:
    """Our own file among the attachments; None in a package of another program."""
    attached = told.get("attachments")
    for one in attached if isinstance(attached, list) else ():
        name = one.get("source") if isinstance(one, dict) else one
        if isinstance(name, str) and name.endswith(SUFFIX) and name in archive.namelist():
            if archive.getinfo(name).file_size > _LARGEST:
                raise UserError(f"The model in {path.name} is too large to be one of this program.")
            return archive.read(name)
    return None


def _own_file(model: Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / description.WHOLE
        save_model(model.alone, path)
        return path.read_bytes()


def _npy(values: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()
