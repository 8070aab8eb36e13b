"""What an image can be taught with: another of its channels, or another layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_unet.images.image import Image
from napari_unet.ui.session.layers import layer_to_image

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


@dataclass(frozen=True)
class Counterpart:
    """What shows what `work` is to become: its channel `channel` (counted from 0), or another `layer`."""

    work: ImageWork | None
    channel: int | None = None
    layer: ImageLayer | None = None

    @property
    def title(self) -> str:
        """As the list of choices says it; channels as in the step *Image*."""
        if self.layer is not None:
            return str(self.layer.name)
        image, at = self._image, self.channel or 0
        known = len(image.channel_names) == image.sizes.get("C", 1)
        return f"channel {at + 1}: {image.channel_names[at]}" if known else f"channel {at + 1}"

    def read(self) -> Image:
        """The grey image of it, nothing read yet."""
        return self._image.select_channel(self.channel)

    @property
    def _image(self) -> Image:
        if self.layer is not None:
            return layer_to_image(self.layer)
        if self.work is None:
            raise ValueError("a channel is one of an image")
        return self.work.image


def list_counterparts(session: Session) -> list[Counterpart]:
    """The other channels of the current image, then all other layers that can be worked on."""
    work = session.current
    count = 1 if work is None else work.image.sizes.get("C", 1)
    channels = [Counterpart(work, channel=i) for i in range(count) if work is not None and i != (work.channel or 0)]
    layers = [layer for layer in session.image_layers() if work is None or layer is not work.layer]
    return [*channels, *(Counterpart(work, layer=layer) for layer in layers)]
