"""The file of a classifier: one `.safetensors`, numbers as tensors and words in its header. Opening it runs no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.classification.classifier import Classifier, ClassifierScore
from napari_unet.classification.trees import Trees
from napari_unet.errors import UserError
from napari_unet.new_files import new_file

_KEY = "napari_unet_classifier"
_WORDS = ("class_names", "feature_names", "method", "network", "model_name", "counts", "colors")


def save_classifier(classifier: Classifier, path: str | Path) -> Path:
    """Write `classifier` to a new file, at once or not at all; raises `UserError` if there is one of that name."""
    from safetensors.numpy import save

    path = Path(path)
    if path.exists():
        raise UserError(f"{path.name} exists already, and is not overwritten: choose another name.")
    tensors: dict[str, Any] = {"mean": classifier.mean, "spread": classifier.spread}
    if classifier.weights is not None and classifier.bias is not None:
        tensors |= {"weights": classifier.weights, "bias": classifier.bias}
    if classifier.trees is not None:
        tensors |= classifier.trees.tensors()
    if classifier.score is not None:
        tensors["confusion"] = classifier.score.confusion
    words = {name: getattr(classifier, name) for name in _WORDS} | {"format_version": 1}
    words["n_images"] = 1 if classifier.score is None else classifier.score.n_images
    payload = save({k: np.ascontiguousarray(v) for k, v in tensors.items()}, metadata={_KEY: json.dumps(words)})
    with new_file(path) as partial:
        partial.write_bytes(payload)
    return path


def load_classifier(path: str | Path) -> Classifier:
    """The classifier in the file at `path`; raises `UserError` if it is none."""
    from safetensors import safe_open

    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no classifier file {path}: check the name.")
    try:
        with safe_open(path, framework="numpy") as file:
            words = json.loads((file.metadata() or {})[_KEY])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no mapping)
        return _of(words, tensors)
    except Exception as error:
        raise UserError(
            f"{path.name} is no classifier of objects: choose a .safetensors file that napari-unet classify, or the "
            "window, saved."
        ) from error


def _of(words: dict[str, Any], tensors: dict[str, Any]) -> Classifier:
    known: dict[str, Any] = {
        name: tuple(words[name]) if isinstance(words[name], list) else words[name] for name in _WORDS
    }
    trees = {name: value for name, value in tensors.items() if name.startswith("trees.")}
    score = ClassifierScore(tensors["confusion"], int(words["n_images"])) if "confusion" in tensors else None
    return Classifier(
        **known, mean=tensors["mean"], spread=tensors["spread"], weights=tensors.get("weights"),
        bias=tensors.get("bias"), trees=Trees.from_tensors(trees) if trees else None, score=score,
    )  # fmt: skip
