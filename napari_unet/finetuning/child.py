"""The model that a fine-tuning makes: weights, and a record that knows its parent and what made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import torch

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.material.lineage import LearnedPlace, join_places
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.survey import Survey
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import TrainingRecord
from napari_unet.models.taught import TaughtSizes
from napari_unet.models.unet import UNet


def make_child(
    parent: Model, kind: Model, network: UNet, images: Sequence[str], survey: Survey, config: FinetuneConfig,
    steps: int, seconds: float, learned: Sequence[LearnedPlace] = (), views: Sequence[View] = (),
) -> Model:  # fmt: skip
    """A new model with the weights of `network`, not yet saved nor scored; `learned` is where its objects were.

    `kind` is what of `parent` was taught; the child has it alone until it is to `carry` others.
    """
    training = TrainingRecord(
        images=tuple(dict.fromkeys(images)),
        views=tuple(view.to_dict() for view in dict(zip(images, views, strict=False)).values()),
        n_objects=survey.n_objects,
        n_corrected=survey.n_corrected,
        seconds=round(seconds, 1),
        steps=steps,
        settings=config.model_dump(mode="json"),
        learned=join_places(learned, kind.record.training.learned),
    )
    record = kind.record.model_copy(
        update={
            "name": child_name(parent.name, images),
            "kind": taught_name(images),
            "sizes": taught_sizes(survey, len(images), kind.record.sizes),
            "parent": parent.sha256,
            "parent_name": parent.name,
            "created": datetime.now(UTC),
            "training": training,
            "scores": {},
            "untrained": kind.record.untrained and steps == 0,
        }
    )
    return Model(network, record)


def child_name(parent: str, images: Sequence[str]) -> str:
    """A name that says what the model was adapted to, for example "Nuclei 2D, tuned on embryo"."""
    base = parent.split(", tuned on ")[0]
    return f"{base}, tuned on {taught_name(images)}"


def taught_name(images: Sequence[str]) -> str:
    """What images like these are called: by the first of them."""
    names = list(dict.fromkeys(images))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def taught_sizes(survey: Survey, n_images: int, earlier: TaughtSizes | None) -> TaughtSizes | None:
    """How large the objects of `survey` are, with those taught `earlier`; None where they are no objects."""
    images = {found.image for found in survey.objects}
    typical = [size for number in range(n_images) if number in images and (size := survey.diameter(number))]
    if not typical:
        return earlier
    return TaughtSizes.measure(typical, [found.diameter for found in survey.objects]).joined(earlier)


@torch.no_grad()
def carry(child: Model, others: Sequence[Model], looks: npt.NDArray[np.float32] | None) -> Model:
    """`child` with the kinds `others` beside its own, as a file keeps it: weights in half the precision."""
    for value in child.network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())
    looks = None if looks is None else looks.astype(np.float16).astype(np.float32)
    return replace(child, looks=looks).with_others(others)


def describe_carried(parent: Model, others: Sequence[Model], left_out: str) -> str:
    """What becomes of what was known before, as sentences to go behind others."""
    if not others:
        return ""
    said = " Images of the kinds that it knew before are answered as before."
    if left_out:
        said += (
            f" It knew as many kinds as a model can carry, so “{left_out}”, which was taught least, was left out: "
            f"{parent.name} still knows it."
        )
    return said


def describe_scores(outcome: Outcome) -> dict[str, float]:
    """Scores for the model's record: held-out ones, and those on the base model's own kinds of image (base_)."""
    found: dict[str, float] = {}
    if outcome.before is not None and outcome.after is not None:
        found |= outcome.after.compared_with(outcome.before)
        found["n_held_out"] = float(outcome.after.n_objects)
    if outcome.base_before is not None and outcome.base_after is not None:
        found |= {"base_ap50_before": outcome.base_before.ap50, "base_ap50": outcome.base_after.ap50}
        found["n_base"] = float(outcome.base_after.n_objects)
    return found
