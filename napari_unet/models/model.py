"""A model in memory: the network and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.models.record import ModelRecord
from napari_unet.models.recorded.foreign import FOREIGN, ForeignGraph
from napari_unet.models.unet import UNet


@dataclass(frozen=True, eq=False)
class Model:
    """A network (`body`) with what it needs to be used. `sha256` and `path` are those of its file, once it has one.

    `looks` (images, features) float32 says what the images of its own kind look like, as `segmentation.looks` measures
    them (None: nobody measured). `picture` is a small PNG of one of them, with outlines. `others` are the kinds of
    image that it knows beside its own, each with weights, looks and a picture of its own; none of these has others. The
    last one is what all of them came of.
    """

    body: UNet | ForeignGraph
    record: ModelRecord
    sha256: str | None = None
    path: Path | None = None
    looks: npt.NDArray[np.float32] | None = None
    others: tuple[Model, ...] = ()
    picture: bytes | None = None

    @property
    def network(self) -> UNet:
        """The network as one of ours, which can learn; raises `UserError` for one of another program."""
        if isinstance(self.body, ForeignGraph):
            raise UserError(FOREIGN.format(name=self.name))
        return self.body

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def kinds(self) -> tuple[Model, ...]:
        """Its own kind and the others, each alone."""
        return (self.alone, *self.others)

    def kind_called(self, name: str) -> Model:
        """The kind of image that is called `name` (case does not matter), alone; raises `UserError`."""
        for kind in self.kinds:
            if kind.record.kind_name.casefold() == name.casefold():
                return kind
        known = ", ".join(self.record.kind_names)
        raise UserError(f"{self.name} knows no images called {name!r}; choose one of: {known}.")

    @property
    def alone(self) -> Model:
        """Its own kind without the others."""
        if not self.others:
            return self
        return replace(self, record=self.record.model_copy(update={"kinds": ()}), others=())

    def with_others(self, others: Sequence[Model]) -> Model:
        """The same with the kinds `others` beside its own."""
        slim = tuple(_without_places(one.alone) for one in others)
        record = self.record.model_copy(update={"kinds": tuple(one.record for one in slim)})
        return replace(self, record=record, others=slim)


def _without_places(kind: Model) -> Model:
    """`kind` without the lists of what it learned from and how, which its own file keeps."""
    training = kind.record.training.model_copy(update={"learned": (), "decisions": {}})
    return replace(kind, record=kind.record.model_copy(update={"training": training}))
