"""Fine-tuning as a plain function of arrays, paths or images. Importable without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import StopFlag, drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult
from napari_unet.finetuning.material.widening import training_input
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import grey_input
from napari_unet.images.files.label_files import read_label_pair, read_labels
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.labels.places import check_single_objects
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord

GivenArray = Image | str | Path | npt.NDArray[Any]


def finetune(
    images: GivenArray | Sequence[GivenArray],
    labels: GivenArray | Sequence[GivenArray],
    reviewed: GivenArray | Sequence[GivenArray | None] | None = None,
    model: Model | str | Path | None = None,
    seconds: float = 60.0,
    predictions: GivenArray | Sequence[GivenArray | None] | None = None,
    channel: int | None = None,
    diameter: float | None = None,
    inverted: bool = False,
    stop: StopFlag | None = None,
    **settings: Any,
) -> FinetuneResult:
    """Adapt a copy of `model` to labelled images; `result.model` is the child, to be saved with `save_model`.

    Who needs progress uses `finetune_steps` with `make_corrected_image`, as the command line does.

    Parameters
    ----------
    images, labels : array, path or Image, or sequences of them
        Images and their integer labels, of the same shape without channels.
    reviewed : same, optional
        Non-zero where the labels are known to be right; None: everywhere. The rest is unknown, not background.
    model : Model, name in the library or path, optional
        None: the shipped one.
    seconds : float
        Bounds the whole run, scores included.
    predictions : same, optional
        What a model had said: where labels differ from it, they count more.
    channel : int, optional
        Channel of images that have several; None: the first.
    diameter : float, optional
        Object diameter, in pixels, at which the images are segmented; None: that of the objects.
    inverted : bool
        Objects are darker than their background.
    **settings
        Other fields of `FinetuneConfig`, for example `max_steps`, `seed` or `device`.

    Raises
    ------
    UserError
        If images and labels do not fit together, or there is nothing to learn from.
    """
    from napari_unet.finetuning.finetune import finetune_steps
    from napari_unet.models.library import load_model

    columns = [_as_list(images), _as_list(labels)]
    columns += [[None] * len(columns[0]) if many is None else _as_list(many) for many in (reviewed, predictions)]
    if len({len(column) for column in columns}) != 1:
        raise UserError(f"There are {len(columns[0])} images but {len(columns[1])} labels; give one for each.")
    parent = model if isinstance(model, Model) else load_model(model)
    config = FinetuneConfig(seconds=seconds, **settings)
    view = View(diameter, inverted=inverted)
    corrected = [
        make_corrected_image(i, l, r, p, channel, parent.record, config.channels, view)
        for i, l, r, p in zip(*columns, strict=True)  # noqa: E741
    ]
    return drain(finetune_steps(parent, corrected, config, stop))


def make_corrected_image(
    image: GivenArray, labels: GivenArray, reviewed: GivenArray | None = None, prediction: GivenArray | None = None,
    channel: int | None = None, record: ModelRecord | None = None, channels: str = "auto",
    view: View | None = None,
) -> CorrectedImage:  # fmt: skip
    """What fine-tuning learns from, of one image, its labels and where they are reviewed (None: everywhere).

    `record` is that of the model that learns (None: one of one channel), `channels` as in `FinetuneConfig`, `view`
    is how the image is looked at.
    """
    opened = _open(image)
    seen = training_input(opened, record or ModelRecord(), channels, channel)
    grey = grey_input(seen)
    known, predicted, ids = read_label_pair(labels, prediction, grey)
    if find_head(record or ModelRecord()).draws_objects:
        where = np.ones(known.shape, bool) if reviewed is None else read_labels(reviewed, grey) != 0
        planes = np.where(where, known, 0).reshape(-1, *known.shape[-2:])
        check_single_objects(planes, labels.name if isinstance(labels, (Image, Path)) else opened.name, ids)
    return CorrectedImage(
        image=seen,
        labels=known,
        reviewed=np.ones(known.shape, bool) if reviewed is None else read_labels(reviewed, grey) != 0,
        prediction=predicted,
        name=opened.name,
        view=view or View(),
        ids=ids,
    )


def _as_list(sources: GivenArray | Sequence[Any]) -> list[Any]:
    return list(sources) if isinstance(sources, (list, tuple)) else [sources]


def _open(source: GivenArray) -> Image:
    if isinstance(source, Image):
        return source
    if isinstance(source, (str, Path)):
        from napari_unet.images.files.reading import read_image

        return read_image(source)
    return Image.from_array(source)
