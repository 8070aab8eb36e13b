"""The methods of a project as text for a paper: versions, numbers of objects, scores, and what is to be cited."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from napari_unet import __version__
from napari_unet.project.exporting import describe_project
from napari_unet.project.project import Project

REFERENCES = {
    "U-Net": "Ronneberger O, Fischer P, Brox T. U-Net: Convolutional Networks for Biomedical Image Segmentation. "
    "MICCAI 2015. doi:10.1007/978-3-319-24574-4_28",
    "AdamW": "Loshchilov I, Hutter F. Decoupled Weight Decay Regularization. ICLR 2019. arXiv:1711.05101",
    "torch": "Paszke A, et al. PyTorch: An Imperative Style, High-Performance Deep Learning Library. NeurIPS 2019. "
    "arXiv:1912.01703",
    "scikit-image": "van der Walt S, et al. scikit-image: image processing in Python. PeerJ 2014;2:e453. "
    "doi:10.7717/peerj.453",
    "napari": "napari contributors. napari: a multi-dimensional image viewer for Python. doi:10.5281/zenodo.3555620",
}
_SCORES = {"ap50": "AP@0.5", "mean_ap": "mean AP", "mean_iou": "mean IoU"}


def write_methods(project: Project) -> str:
    """A paragraph on what was done in `project`, and the references."""
    about = describe_project(project)
    labelled = [image for image in about["images"] if "objects" in image]
    sentences = [_program(), _images(about["images"], labelled)]
    sentences += [_training(training, project.models()) for training in about["trainings"]]
    if not about["trainings"]:
        names = list(dict.fromkeys(model["name"] for model in about["models"]))
        sentences += [f"Segmentation used the model {', '.join(names)}, without further training."] if names else []
    used = ["U-Net", "torch", "scikit-image", "napari", *(["AdamW"] if about["trainings"] else [])]
    references = "\n".join(f"- {REFERENCES[name]}" for name in used)
    return f"{' '.join(filter(None, sentences))}\n\nReferences\n\n{_own()}\n{references}\n"


def _program() -> str:
    versions = ", ".join(f"{name} {found}" for name in ("torch", "scikit-image", "napari") if (found := _version(name)))
    return (
        f"Objects were segmented with a U-Net (Ronneberger et al., 2015) in napari-unet-finetune {__version__} "
        f"({versions}; Python {platform.python_version()})."
    )


def _images(images: list[dict[str, Any]], labelled: list[dict[str, Any]]) -> str:
    objects = sum(image["objects"] for image in labelled)
    reviewed = [image for image in images if image["reviewed_share"] > 0]
    text = (
        f"{_count(objects, 'object')} {'was' if objects == 1 else 'were'} labelled in {_count(len(labelled), 'image')}"
    )
    if reviewed:
        share = sum(image["reviewed_share"] for image in reviewed) / len(reviewed)
        text += f"; of {_count(len(reviewed), 'image')}, {share:.0%} of the area on average was checked by a person"
    return f"{text}."


def _training(training: dict[str, Any], models: Iterable[dict[str, Any]]) -> str:
    record = training["record"]
    made: dict[str, Any] = next((model["record"] for model in models if model["hash"] == training["model"]), {})
    settings, scores = record.get("settings", {}), made.get("scores", {})
    text = (
        f"The model {made.get('parent_name') or 'it came of'} was fine-tuned to {record.get('name')} on "
        f"{_count(record.get('n_objects', 0), 'reviewed object')} ({record.get('n_corrected', 0)} of them corrected) "
        f"of {_count(len(record.get('images', ())), 'image')}, for {_count(record.get('steps', 0), 'step')} of AdamW "
        f"(learning rate {settings.get('learning_rate')}, {settings.get('batch_size')} patches of "
        f"{settings.get('patch')} pixels, seed {settings.get('seed')})."
    )
    key = next((key for key in _SCORES if key in scores), None)
    if key is None:
        return text
    before = scores.get(f"{key}_before")
    change = f"{before:.2f} before and {scores[key]:.2f} after" if before is not None else f"{scores[key]:.2f}"
    return f"{text} On reviewed objects that were held out, {_SCORES[key]} was {change}."


def _own() -> str:
    return f"- The napari-unet-finetune developers. napari-unet-finetune {__version__}."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
