"""A model in memory: the network and its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet


@dataclass(frozen=True, eq=False)
class Model:
    """A network with what it needs to be used. `sha256` and `path` are those of its file, once it has one."""

    network: UNet
    record: ModelRecord
    sha256: str | None = None
    path: Path | None = None

    @property
    def name(self) -> str:
        return self.record.name
