"""Of an image that is convincing at two sizes the other one is offered, and both are shown as rings on the canvas."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_unet.segmentation.events import Estimated
from napari_unet.ui.canvas.marks.ring import DiameterRing
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.widgets.step import Step


@dataclass(frozen=True, eq=False)
class _Sizes:
    """Diameters in pixels: the one that an image was segmented at, and the other."""

    work: ImageWork
    used: float
    other: float


class OtherSize(QObject):
    """Speaks once of each result; its rings are there as long as its sentence. `use` segments at a diameter."""

    def __init__(self, step: Step, use: Callable[[float], None]) -> None:
        super().__init__(step)
        self._step, self._use = step, use
        session = step.session
        self.rings = DiameterRing(session, "size in use"), DiameterRing(session, "other size", "deepskyblue")
        self._known: _Sizes | None = None  # of the image that is being segmented, or was last
        self._offered: _Sizes | None = None
        self._corrected = 0  # objects, when it was offered
        self._said = ""
        step.message.changed.connect(self._on_message)
        listen(self, session.diameter_changed, self._on_diameter)
        self._trackers = get_trackers(session)
        self._trackers.changed.connect(self._on_corrections)

    def note(self, work: ImageWork, event: Estimated) -> None:
        """An image is being segmented at this size, for which another one was found, or was known before."""
        known = self._known
        if event.other is not None:
            self._known = _Sizes(work, event.diameter, event.other)
        elif known is not None and not (known.work is work and math.isclose(known.used, event.diameter)):
            self._known = None

    def offered(self, work: ImageWork) -> bool:
        """Whether the other size is what is being said of an image."""
        return self._offered is not None and self._offered.work is work

    def offer(self, work: ImageWork, unsure: str = "") -> bool:
        """Say of a new result that there is another size, if there is; `unsure`: that, too, the model is so of some."""
        sizes, self._known = self._known, None
        if sizes is None or sizes.work is not work:
            return False
        self._say(sizes, unsure)
        return True

    def add(self, unsure: str) -> None:
        """The model turned out to be unsure of most that it found: that is said in the same sentence."""
        if self._offered is not None:
            self._say(self._offered, unsure)

    def withdraw(self) -> None:
        """What was said no longer matters."""
        if self._offered is not None:
            self._step.clear_message()

    def _say(self, sizes: _Sizes, unsure: str) -> None:
        flat = self._step.session.viewer.dims.ndisplay == 2  # rings are drawn in slices alone
        used, other = (f" ({colour} ring)" if flat else "" for colour in ("yellow", "blue"))
        looked = unsure or "Objects were looked for"
        self._said = f"{looked} at {sizes.used:.0f} px{used}; {sizes.other:.0f} px{other} is convincing too."
        words = f"Segment at {sizes.other:.0f} px"
        self._step.show_message(self._said, None, "info", (words, lambda: self._on_taken(sizes)))
        self._offered, self._corrected = sizes, self._trackers.of(sizes.work).counts.total
        for ring, diameter in zip(self.rings, (sizes.used, sizes.other), strict=True):
            ring.show(sizes.work, diameter)

    def _on_taken(self, sizes: _Sizes) -> None:
        chosen = round(sizes.other, 1)  # as it stands in the field of the diameter
        self._known = _Sizes(sizes.work, chosen, sizes.used)  # the way back
        self._use(chosen)

    def _on_message(self) -> None:
        if self._offered is not None and self._step.message.text != self._said:
            self._offered = None
            for ring in self.rings:
                ring.hide()

    def _on_corrections(self, work: ImageWork) -> None:
        """Who corrects has chosen, and needs the view."""
        if self.offered(work) and self._trackers.of(work).counts.total > self._corrected:
            self.withdraw()

    def _on_diameter(self, work: ImageWork) -> None:
        """Somebody chose another size: then it is known."""
        sizes = self._offered
        if sizes is not None and sizes.work is work and not (work.diameter and math.isclose(work.diameter, sizes.used)):
            self.withdraw()
