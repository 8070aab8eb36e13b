"""The model that a fine-tuning makes: weights, and a record that knows its parent and what made it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.material.lineage import Place, join_places
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.survey import Survey
from napari_unet.images.view import View
from napari_unet.models.model import Model
from napari_unet.models.record import TrainingRecord
from napari_unet.models.unet import UNet


def make_child(
    parent: Model, network: UNet, images: Sequence[str], survey: Survey, config: FinetuneConfig, steps: int,
    seconds: float, learned: Sequence[Place] = (), views: Sequence[View] = (),
) -> Model:  # fmt: skip
    """A new model with the weights of `network`, not yet saved nor scored; `learned` is where its objects were."""
    training = TrainingRecord(
        images=tuple(dict.fromkeys(images)),
        views=tuple(view.to_dict() for view in dict(zip(images, views, strict=False)).values()),
        n_objects=survey.n_objects,
        n_corrected=survey.n_corrected,
        seconds=round(seconds, 1),
        steps=steps,
        settings=config.model_dump(mode="json"),
        learned=join_places(learned, parent.record.training.learned),
    )
    record = parent.record.model_copy(
        update={
            "name": child_name(parent.name, images),
            "parent": parent.sha256,
            "parent_name": parent.name,
            "created": datetime.now(UTC),
            "training": training,
            "scores": {},
            "untrained": parent.record.untrained and steps == 0,
        }
    )
    return Model(network, record)


def child_name(parent: str, images: Sequence[str]) -> str:
    """A name that says what the model was adapted to, for example "Nuclei 2D, tuned on embryo"."""
    base = parent.split(", tuned on ")[0]
    names = list(dict.fromkeys(images))
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return f"{base}, tuned on {what}"


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
