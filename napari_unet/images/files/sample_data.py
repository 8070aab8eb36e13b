"""Where the sample images are, and what they are called."""

from __future__ import annotations

from pathlib import Path

import napari_unet
from napari_unet.errors import UserError

SAMPLES = {
    "nuclei_2d": "Nuclei, 2D",
    "nuclei_3d": "Nuclei, z-stack",
    "nuclei_timelapse": "Dividing nuclei, time-lapse",
    "two_channel": "Nuclei and membranes, two channels",
    "membranes": "Epithelium with stained membranes, z-stack",
}


def sample_data_dir() -> Path:
    """Folder of the sample images: inside the installed package, or beside it in a checkout."""
    package = Path(napari_unet.__file__).parent
    for folder in (package / "sample_data", package.parent / "sample_data"):
        if folder.is_dir():
            return folder
    raise UserError("The sample images are missing: install napari-unet-finetune again.")


def sample_path(name: str) -> Path:
    """Image file of the sample `name` (a key of `SAMPLES`)."""
    return _existing(name, f"{name}.ome.tif")


def sample_labels_path(name: str) -> Path:
    """Exact labels of the sample `name`, an OME-TIFF of the same shape without channels."""
    return _existing(name, f"{name}_labels.tif")


def _existing(name: str, file_name: str) -> Path:
    if name not in SAMPLES:
        raise UserError(f"There is no sample {name!r}: choose one of {', '.join(SAMPLES)}.")
    path = sample_data_dir() / file_name
    if not path.is_file():
        raise UserError(f"The sample {path.name} is missing: install napari-unet-finetune again.")
    return path
