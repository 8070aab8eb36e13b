"""What napari's command palette and the menu of a layer offer: each finds the panel, and does what its button does.

Commands of the tools are made from the table of actions: `run_split` carries out the action "split".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Labels

from napari_unet.ui.conventions.docked import panel_of
from napari_unet.ui.correct.tools.actions import ACTIONS

_PREFIX = "run_"
_NAMES = {action.name for action in ACTIONS}


def segment() -> None:
    """Segment the image that is worked on."""
    panel = _on_selected()
    panel.segment_step.set_open(True)
    panel.segment_step.request()


def measure() -> None:
    """Measure the objects of the image that is worked on."""
    panel = _on_selected()
    panel.results_step.set_open(True)
    panel.results_step.measure_button.click()


def use_as_labels() -> None:
    """Have the selected Labels layer as the labels of the image that is worked on; one question is asked."""
    panel = panel_of()
    layer = panel.session.viewer.layers.selection.active
    panel.image_step.set_open(True)
    if panel.session.current is None:
        panel.image_step.show_message("Open the image of these labels first.", panel.image_step.open_button)
        return
    existing = panel.image_step.existing
    existing.ask()
    index = existing.source_box.findText(layer.name) if isinstance(layer, Labels) else -1
    existing.source_box.setCurrentIndex(max(0, index))


def finetune() -> None:
    """Fine-tune the model with what was corrected."""
    panel = panel_of()
    panel.finetune_step.set_open(True)
    panel.finetune_step.start_button.click()


def next_image() -> None:
    """Go to the next image."""
    panel_of().strip.step(1)


def previous_image() -> None:
    """Go to the image before."""
    panel_of().strip.step(-1)


def show_models() -> None:
    """Show the models."""
    panel_of().models_button.click()


def show_keys() -> None:
    """Show the keys."""
    panel_of().keys_button.click()


def open_pairs() -> None:
    """Add a folder of images and masks."""
    panel_of().image_step.choose_pairs()


def segment_files() -> None:
    """Segment many files."""
    panel_of().results_step.show_files()


def show_tour() -> None:
    """Show round the window once more."""
    panel_of().tour.begin()


def _on_selected() -> Any:
    """The panel, working on the image that is selected, or the one to which the selected layer belongs."""
    panel = panel_of()
    layer = panel.session.viewer.layers.selection.active
    work = panel.session.find_work(layer)
    if work is not None:
        panel.session.work_on(work.layer)
    return panel


def __getattr__(name: str) -> Callable[[], None]:
    """`run_` with the name of an action: a command that carries it out."""
    action = name.removeprefix(_PREFIX)
    if not name.startswith(_PREFIX) or action not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def run() -> None:
        panel = panel_of()
        panel.correct_step.set_open(True)
        panel.correct_step.tools.run(action)

    run.__name__ = name
    return run
