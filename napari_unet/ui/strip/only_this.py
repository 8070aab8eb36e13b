"""One image alone in view: all that belongs to others is hidden for as long, and is as it was afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from napari_unet.ui.session.layers import KEY, is_image_layer

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


class OnlyThis:
    """Hides layers of other images, never those that belong to none; shows again what it hid itself."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._hidden: WeakSet[Layer] = WeakSet()
        self.on = False

    def turn(self, on: bool) -> None:
        """Begin or end it."""
        self.on = on
        self.apply()

    def apply(self) -> None:
        """Another image is worked on, or layers came."""
        work = self._session.current
        for layer in list(self._session.viewer.layers):
            if self.on and work is not None and self._is_of_another(layer, work):
                if layer.visible:
                    self._hidden.add(layer)
                    layer.visible = False
            elif layer in self._hidden:
                self._hidden.discard(layer)
                layer.visible = True

    def _is_of_another(self, layer: Layer, work: ImageWork) -> bool:
        if layer is work.layer or work.owns(layer):
            return False
        owner = layer.metadata.get(KEY, {}).get("image")
        return is_image_layer(layer) or (owner is not None and owner != work.key)
