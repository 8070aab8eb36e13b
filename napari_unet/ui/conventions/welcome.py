"""The first minute: a short tour when the panel is first opened, and all made ready for the first click."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import Any

from napari_unet.errors import UserError
from napari_unet.ui.session.keeping.preferences import DISTRIBUTION, preference, preferences_known, set_preference
from napari_unet.ui.session.napari_private import offer_in_layer_menu
from napari_unet.ui.session.running.warming import warm_up
from napari_unet.ui.widgets.tour import Stop, Tour

NO_TOUR = "NAPARI_UNET_NO_TOUR"
_IN_LAYER_MENU = {
    f"{DISTRIBUTION}.segment": "Segment the image",
    f"{DISTRIBUTION}.measure": "Measure the objects",
    f"{DISTRIBUTION}.use_as_labels": "Use as labels of the image",
}
WELCOME_MS = 1000  # until the window stands


def make_tour(panel: Any) -> Tour:
    """The stops, in the order of the work."""
    image, segment, correct, finetune = panel.steps[:4]
    words = (
        (image, "Open an image here, drop files or a folder anywhere on this panel, or try a sample."),
        (segment, "One click on Segment finds the objects. The size is estimated; a sentence says if the model does "
                  "not suit, and what to do."),
        (correct, "Put right what is wrong: eight tools, each with its key in the corner. Under Queue the objects that "
                  "are probably wrong come one by one."),
        (finetune, "Fine-tune learns from what you corrected, in about a minute, and shows on objects that it has not "
                   "seen whether it became better. The old model stays."),
        (panel.keys_button, "Here are all keys, the help pages, and this tour. Each step has a ? of its own."),
    )  # fmt: skip
    return Tour(panel, [Stop(control, said, partial(_in_sight, panel, control)) for control, said in words])


def welcome(panel: Any) -> None:
    """The window stands: begin the tour if this is the first time, and load what the first click on *Segment* needs."""
    wanted = preferences_known() and not os.environ.get(NO_TOUR) and preference("help", "show_tour")
    if wanted and panel.isVisible() and not panel.tour.running:
        panel.tour.begin()
    offer_in_layer_menu(_IN_LAYER_MENU)
    with contextlib.suppress(UserError):  # there is no model yet, which *Segment* says
        warm_up(panel.session.model_loader())


def remember_tour() -> None:
    """It was seen, or skipped: it is shown again only when asked for."""
    set_preference("help", "show_tour", False)


def _in_sight(panel: Any, control: Any) -> None:
    if control in panel.steps:
        panel.scroll.ensureWidgetVisible(control, 0, 0)
