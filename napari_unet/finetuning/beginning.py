"""What a fine-tuning starts from: the kind of image that the model takes these for, and what is kept beside it.

A child carries what it came of as another kind, so that nothing is forgotten however much is learned. Images like those
that a kind was taught before go on teaching that kind; others begin a kind of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.material.colour import use_channels
from napari_unet.finetuning.material.volume_reading import deepen, learns_in_3d
from napari_unet.finetuning.material.widening import fit_to_images
from napari_unet.finetuning.starting_kind import choose_starting_kind
from napari_unet.learning.replay import find_looks, find_replay
from napari_unet.models.model import Model
from napari_unet.segmentation.looks import Looks, can_look, farness, measure_look

MOST_KINDS = 4
"""What a file may carry: about 16 MB of the network that ships."""
NEAR, FAR = 1.6, 2.3
"""How far images are from the base model's own (`segmentation.looks.farness`): up to `NEAR` all of the replay serves
what is taught, from `FAR` on none does."""
REPLAY = 0.34
"""Share of replay in a batch, where it serves."""
_MOST_LOOKS = 40  # images that a kind is remembered by
_LOOKED_AT = 8  # planes of one training: some tenths of a second each


@dataclass(frozen=True, eq=False)
class Beginning:
    """`kind` is what learns, alone, with the channels of `images`; `untouched` is the same as it was.

    The child will carry `others` and know its images by `looks` (None: it carries nothing). `replay` is the share of
    each batch, and `left_out` the name of a kind for which there is no room any more.
    """

    kind: Model
    untouched: Model
    images: tuple[CorrectedImage, ...]
    others: tuple[Model, ...] = ()
    looks: Looks | None = None
    replay: float = 0.0
    left_out: str = ""

    @property
    def carries(self) -> bool:
        return self.looks is not None


def begin(
    parent: Model, images: Sequence[CorrectedImage], config: FinetuneConfig, enough: Callable[[], bool] = lambda: False
) -> Beginning:
    """Find what `images` are to `parent`; asking its kinds how they do ends when `enough()`.

    Raises
    ------
    UserError
        If the model cannot look at the images, or these differ in their channels.
    """
    known = _with_base_looks(parent)
    start = replace(choose_starting_kind(known, images, config.engine, enough), sha256=parent.sha256, path=parent.path)
    chosen, deep = start, learns_in_3d(start, config)
    seen = use_channels(images, start, "one" if deep else config.channels)
    start = deepen(start, seen) if deep else start
    kind = fit_to_images(start, seen)
    beginning = Beginning(kind, start, tuple(seen), replay=_wanted_replay(config, kind))
    base = known.kinds[-1]
    if base.looks is None or not can_look(base) or base.record.untrained:
        return beginning
    looks = _look_at(seen, base)
    taught_before = start.record.sizes is not None
    others = [one for one in known.kinds if not (taught_before and one.network is chosen.network)]
    kept, left_out = _room_for(others)
    if taught_before and start.looks is not None:
        looks_of_all = np.concatenate([start.looks, looks])[-_MOST_LOOKS:]
    else:
        looks_of_all = looks
    share = replay_share(farness(looks, base.looks)) if config.replay is None else config.replay
    return replace(beginning, others=kept, looks=looks_of_all, left_out=left_out, replay=min(share, beginning.replay))


def replay_share(far: float) -> float:
    """How much replay serves what is taught by images that are `far` from the base model's own."""
    return REPLAY * float(np.clip((FAR - far) / (FAR - NEAR), 0.0, 1.0))


def _wanted_replay(config: FinetuneConfig, kind: Model) -> float:
    """As somebody said; else as much as ever serves, where there is a replay set."""
    if kind.record.architecture.ndim == 3:
        return 0.0  # replay is of planes
    if config.replay is not None:
        return config.replay
    return REPLAY if find_replay(kind.record) is not None else 0.0


def _with_base_looks(parent: Model) -> Model:
    """`parent`, with the looks of what the base model was made of where its file does not hold them."""
    if parent.looks is not None or parent.others:
        return parent
    return replace(parent, looks=find_looks(parent.record))


def _look_at(images: Sequence[CorrectedImage], base: Model) -> Looks:
    """Of planes from all of `images`: a kind that is known by one of them alone would not be known again."""
    planes = [(one, plane) for one in images for plane in one.planes()]
    step = max(1, -(-len(planes) // _LOOKED_AT))
    return np.stack([measure_look(one.image, base, plane) for one, plane in planes[::step]])


def _room_for(others: Sequence[Model]) -> tuple[tuple[Model, ...], str]:
    """As many of `others` as there is room for beside the child, the base last; and the name of the one left out.

    The base stays, because all are told apart by it; of the rest the one that was taught least goes, and one that ships
    before any that a user taught: the model that ships still knows it.
    """
    *taught, base = others
    if len(others) < MOST_KINDS:
        return tuple(others), ""
    least = min(taught, key=lambda one: (one.record.sizes is not None, one.record.training.n_objects))
    return (*(one for one in taught if one is not least), base), least.record.kind_name
