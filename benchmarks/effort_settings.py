"""What settings that are known by hand are worth beside those that the program finds: `default` and `oracle`.

Both arms of `effort.py` learn from the same labels. In `default` nobody says anything: images are segmented, labelled
and learned from as in the window, so that channels, object size, the share of replay, the kind that answers and how
wide outlines are come from the program, and they are scored as they come. In `oracle` somebody knows: each image's
object size is told (its own median), the channels are those with which the child does better on the images that are
*scored*, there is no replay, the child answers, its outlines are left as they are. So the oracle has seen the answers,
which nobody has; it is what the default is measured by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from effort_images import Picture
from effort_report import Row, values

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.events import drain
from napari_unet.images.channels import ChannelStack
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps

HAND = ("size", "kind", "outline")
"""What can be told once a child is there: how large objects are, that it answers, and that outlines stay."""
ALLOWED = 0.03
"""Mean AP that the default may be below the oracle."""


def tell(pictures: Sequence[Picture], sizes: bool) -> list[Picture]:
    """The same, with their sizes told or not."""
    return [replace(one, told=sizes) for one in pictures]


def as_segmented(one: CorrectedImage, model: Model) -> CorrectedImage:
    """`one` with what the window knows of an image that `model` segmented: how large objects seemed, and which kind
    answered."""
    found: Segmentation = drain(segment_steps(one.image, model, SegmentConfig()))
    return replace(one, view=found.view)


def by_hand(model: Model, told: Iterable[str]) -> Model:
    """`model` with what of `HAND` concerns it told."""
    found = model.alone if "kind" in told else model
    if "outline" in told:
        found = replace(found, record=found.record.model_copy(update={"outline": 0.0}))
    return found


def channel_choices(pictures: Sequence[Picture]) -> tuple[str, ...]:
    """What can be chosen for them."""
    coloured = any(isinstance(one.image, ChannelStack) for one in pictures)
    return ("one", "all") if coloured else ("one",)


def print_settings(rows: Sequence[Row]) -> None:
    """Mean AP by default and with all known by hand, and the default's child with one thing told."""
    names = "".join(f" {name} |" for name in (*HAND, "all three"))
    print(f"| type | objects | default | by hand | difference | default, told:{names}")
    print("|---|---|---|---|---|" + "---|" * (len(HAND) + 1))
    for row in rows:
        orders = [one for one in rows if one["order"] == row["order"]]
        best = values(orders, row["kind"], "oracle", row["k"], "ap")
        if row["arm"] != "default" or not best:
            continue
        named = [row["kind"], str(row["k"] or "all"), f"{row['ap']:.3f}", f"{best[0]:.3f}"]
        told: dict[str, Any] = row["told"]
        parts = [f"{told[name]:.3f}" for name in (*HAND, "all")]
        mark = "" if row["ap"] >= best[0] - ALLOWED else " (!)"
        print("| " + " | ".join([*named, f"{row['ap'] - best[0]:+.3f}{mark}", *parts]) + " |")
