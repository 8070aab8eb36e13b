"""What a BioImage.IO package says of a model: `bioimageio.yaml` (format 0.5) and the page for people."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from napari_unet import __version__
from napari_unet.errors import UserError, require
from napari_unet.heads.registry import find_head
from napari_unet.models.exchange.onnx_graph import opset_of
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.workflows.sharing.about import About

FORMAT_VERSION = "0.5.12"
DESCRIPTION, PAGE, COVER, WEIGHTS, WHOLE = (
    "bioimageio.yaml",
    "README.md",
    "cover.png",
    "weights.onnx",
    "model.safetensors",
)
TEST_INPUT, TEST_OUTPUT = "test_input.npy", "test_output.npy"
UNET_PAPER = {
    "text": "Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015",
    "doi": "10.1007/978-3-319-24574-4_28",
}
_POSTPROCESSING: dict[str, list[dict[str, Any]]] = {
    "sigmoid": [{"id": "sigmoid"}],
    "softmax": [{"id": "softmax", "kwargs": {"axis": "channel"}}],
}


def check_describable(record: ModelRecord) -> None:
    """Raises `UserError` for a model that such a package cannot hold."""
    network = record.architecture
    require(
        find_head(record).activation in _POSTPROCESSING and network.ndim == 2 and network.padding == "same",
        f"{record.name} cannot be a BioImage.IO package: only padded 2D networks for objects or classes can.",
    )


def describe_model(model: Model, about: About, files: dict[str, bytes]) -> dict[str, Any]:
    """The contents of `bioimageio.yaml` for one kind of a model; `files` are those of the package."""
    record = model.record
    check_describable(record)
    if not about.authors:
        raise UserError("Say who made the model, for others to know: at least one author.")
    person = {"affiliation": about.affiliation} if about.affiliation else {}
    paper = [{"text": about.citation, "doi": about.doi}] if about.citation and about.doi else []
    return {
        "type": "model",
        "format_version": FORMAT_VERSION,
        "name": _plain_name(record.name),
        "description": (record.description or f"A U-Net for {find_head(record).title}.")[:500],
        "authors": [{"name": name} | person for name in about.authors],
        "license": about.licence,
        "cite": [*paper, UNET_PAPER],
        "tags": ["unet2d", "2d", "segmentation", "cells", "napari", "onnx"],
        "documentation": _file(PAGE, files),
        "covers": [_file(COVER, files)],
        "attachments": [_file(WHOLE, files)],
        "inputs": [_input(record, files)],
        "outputs": [_output(record, files)],
        "weights": {"onnx": _file(WEIGHTS, files) | {"opset_version": opset_of(record.architecture)}},
        "config": {"napari_unet": {"version": __version__, "record": record.model_dump(mode="json")}},
    }


def describe_page(record: ModelRecord, about: About) -> str:
    """The package's page, in Markdown."""
    learned = f"{len(record.training.images)} images, {record.training.n_objects} objects"
    scores = "\n".join(f"- {name}: {value:.3g}" for name, value in record.scores.items()) or "- none was measured"
    return f"""# {record.name}

{record.description}

A U-Net for {find_head(record).title}, made with napari-unet-finetune {__version__} by {", ".join(about.authors)}.
Learned from: {learned}. Comes from: {record.parent_name or "itself"}.

## Use

Objects are to be {record.diameter_range[0]:.0f} to {record.diameter_range[1]:.0f} pixels in diameter: enlarge or
shrink other images first. Grey values are scaled by percentiles {record.normalization.low:g} and
{record.normalization.high:g} of the whole image. It says probabilities: {", ".join(record.outputs)}.
`{WHOLE}` is the model for napari-unet-finetune, which makes objects of them.

## Validation

Held-out scores:

{scores}

Measure on images of your own: compare objects with drawn ones by AP@0.5, the share found with half overlap among all
that were found or missed.
"""


def _input(record: ModelRecord, files: dict[str, bytes]) -> dict[str, Any]:
    n, limits, clip = record.architecture.in_channels, record.normalization, record.normalization.clip
    scaling = {"axes": ["y", "x"], "min_percentile": limits.low, "max_percentile": limits.high, "eps": 1e-9}
    factor = record.architecture.pooling_factor
    size = {"min": 2 * factor, "step": factor}
    return {
        "id": "image",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": [f"channel{number}" for number in range(n)]},
            *({"type": "space", "id": axis, "size": size} for axis in "yx"),
        ],
        "test_tensor": _file(TEST_INPUT, files),
        "data": {"type": "float32"},
        "preprocessing": [
            {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
            {"id": "scale_range", "kwargs": scaling},
            {"id": "clip", "kwargs": {"min": -clip, "max": clip}},
        ],
    }


def _output(record: ModelRecord, files: dict[str, bytes]) -> dict[str, Any]:
    names = [re.sub(r"\W", "_", name.lower()) for name in record.outputs]
    return {
        "id": "probabilities",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": names},
            *({"type": "space", "id": axis, "size": {"tensor_id": "image", "axis_id": axis}} for axis in "yx"),
        ],
        "test_tensor": _file(TEST_OUTPUT, files),
        "data": {"type": "float32"},
        "postprocessing": _POSTPROCESSING[find_head(record).activation],
    }


def _file(name: str, files: dict[str, bytes]) -> dict[str, Any]:
    return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}


def _plain_name(name: str) -> str:
    """`name` with what the format allows: 5 to 128 plain letters, digits and few signs."""
    plain = re.sub(r"[^A-Za-z0-9_+\- ()]", " ", name).strip()[:120]
    return plain if len(plain) >= 5 else f"{plain} model".strip()
