"""How an image is looked at, decided once: by a look at it, or by the user.

A view is kept with the image and with its corrections, written to the project and to the record of what was learned;
whatever predicts, teaches or scores takes it, so that all of them see the same image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Literal

from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.images.limits import volume_limits, volume_of
from napari_unet.images.normalization import AnyLimits, ChannelLimits, NormalizationConfig

Origin = Literal["given", "estimated"]


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the decoding that the user chose in place of the model's own; None: the model's own."""

    foreground_threshold: float | None = None
    seed_threshold: float | None = None
    object_threshold: float | None = None

    def chosen(self) -> dict[str, float]:
        """Those that were chosen, by the names that a model's record has for them."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class View:
    """How one image is looked at. Picklable.

    Attributes
    ----------
    diameter : float, optional
        Typical object diameter in pixels of the image; None: not known.
    origin : str
        Whether somebody gave the diameter, or it was estimated.
    inverted : bool
        Objects are darker than their background, so the negative is looked at.
    thresholds : Thresholds
        What the user chose for the decoding.
    kind : str
        Which of the kinds of image that the model knows answered; empty: it knows but one, or was not asked.
    limits : tuple
        Grey values that become 0 and 1, as far as they are known: pairs of a volume's index (over the axes before ZYX
        or YX) and its limits, which are those of the negative where it is looked at.
    normalization : NormalizationConfig, optional
        By which these limits were measured.
    """

    diameter: float | None = None
    origin: Origin = "given"
    inverted: bool = False
    thresholds: Thresholds = Thresholds()
    kind: str = ""
    limits: tuple[tuple[tuple[int, ...], AnyLimits], ...] = field(default=(), compare=False)
    normalization: NormalizationConfig | None = field(default=None, compare=False)

    @property
    def estimated(self) -> bool:
        """Whether the diameter is an estimate."""
        return self.diameter is not None and self.origin == "estimated"

    def with_diameter(self, diameter: float | None, estimated: bool = False) -> View:
        """The same view of objects of another size."""
        return replace(self, diameter=diameter, origin="estimated" if estimated else "given")

    def limits_of(self, image: ModelInput, index: tuple[int, ...], config: NormalizationConfig) -> AnyLimits:
        """Grey-value limits of the volume that plane `index` of `image` belongs to; measured where not known."""
        known = dict(self.limits).get(volume_of(image.axes, index))
        if known is None or self.normalization != config or _count(known) != _parts(image):
            return volume_limits(image, index, config, self.inverted)
        return known

    def with_limits_of(self, image: ModelInput, index: tuple[int, ...], config: NormalizationConfig) -> View:
        """The view that knows the limits of this volume too; itself if it does."""
        known, volume = dict(self.limits), volume_of(image.axes, index)
        limits = self.limits_of(image, index, config)
        if known.get(volume) == limits and self.normalization == config:
            return self
        others = known if self.normalization == config else {}
        return replace(
            self, limits=tuple(sorted({**others, volume: limits}.items(), key=itemgetter(0))), normalization=config
        )

    def without_limits(self) -> View:
        """The same view of another channel: its grey values are others."""
        return replace(self, limits=(), normalization=None)

    def to_dict(self) -> dict[str, Any]:
        """As it is written to a project, and to the record of what was learned; limits are measured anew."""
        return {
            "diameter": self.diameter, "origin": self.origin, "inverted": self.inverted,
            "thresholds": self.thresholds.chosen(),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> View:
        """The view of `to_dict`; what is missing or not understood is as for an image that nobody looked at."""
        diameter, thresholds = written.get("diameter"), written.get("thresholds") or {}
        known = {name: float(value) for name, value in thresholds.items() if name in vars(Thresholds())}
        return cls(
            float(diameter) if diameter else None,
            "estimated" if written.get("origin") == "estimated" else "given",
            bool(written.get("inverted")),
            Thresholds(**known),
        )


def _count(limits: AnyLimits) -> int:
    return len(limits.channels) if isinstance(limits, ChannelLimits) else 1


def _parts(image: ModelInput) -> int:
    return len(image.parts) if isinstance(image, ChannelStack) else 1
