"""Removes layers, the dock and the window in the middle of every job. A program of its own, run by `test_removing.py`,
because what it looks for ends the process.
"""

from __future__ import annotations

import faulthandler
import sys
from typing import Any

import napari
import numpy as np
import torch
from skimage.draw import disk
from window_driver import let_run, wait_for

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.trackers import get_trackers

PATIENCE = 60.0


def stack() -> tuple[np.ndarray, np.ndarray]:
    """Four slices of discs (4, 240, 320), and their labels."""
    labels = np.zeros((4, 240, 320), np.int32)
    for number, (row, column) in enumerate(np.ndindex(5, 7), start=1):
        labels[(slice(None), *disk((25 + 45 * row, 25 + 45 * column), 14))] = number
    noise = np.random.default_rng(0).normal(20, 5, labels.shape)
    return (100 * (labels > 0) + noise).astype(np.float32), labels


class Desk:
    """A window with the panel, in which the next image can be opened, and a job begun on it."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1280, 800)
        self.panel = UNetPanel(self.viewer)
        self.dock = self.viewer.window.add_dock_widget(self.panel, name="U-Net")
        self.session = self.panel.session
        self.session.use_model("tiny")
        let_run(0.1)

    def open(self, labelled: bool) -> Any:
        self.viewer.layers.clear()
        wait_for(lambda: self.session.job is None, PATIENCE, "a job was left over")
        image, labels = stack()
        work = self.session.work_on(self.viewer.add_image(image, name="cells"))
        work.set_diameter(28.0)
        if labelled:
            self.session.add_layer(work, "labels", labels.copy())
            work.prediction = labels.copy()
            overlay = get_trackers(self.session).of(work).overlay
            for plane in range(4):
                overlay.mark((plane,))
            work.labels_layer.data_setitem(tuple(np.nonzero(labels == 3)), 0)
            get_trackers(self.session).finish()
        let_run(0.1)
        return work

    def gone(self, what: str) -> None:
        """The job ends, its controls with it, and the canvas is still drawn while what is left is written to."""
        wait_for(lambda: self.session.job is None, PATIENCE, f"the job went on without {what}")
        for layer in list(self.viewer.layers):
            for value in (1, 2):
                if isinstance(layer, napari.layers.Labels):
                    layer.data[..., :50, :50] = value
                layer.refresh()
                let_run(0.03)
        assert not self.panel.segment_step.progress.isVisible()
        assert not self.panel.finetune_step.training.isVisible()
        print("removed:", what, flush=True)

    # -- jobs -----------------------------------------------------------------------------------------------------

    def segment(self) -> Any:
        work = self.open(labelled=False)
        self.panel.segment_step.segment_button.click()
        wait_for(lambda: work.labels_layer is not None, PATIENCE)
        let_run(0.15)
        return work

    def segment_again(self) -> Any:
        work = self.open(labelled=True)
        self.panel.segment_step.segment_button.click()
        self.panel.segment_step.question.go.click()
        assert "preview" in work.layers
        let_run(0.1)
        return work

    def estimate(self) -> Any:
        work = self.open(labelled=False)
        self.panel.segment_step.diameter.estimate_button.click()
        return work

    def finetune(self) -> Any:
        work = self.open(labelled=True)
        step = self.panel.finetune_step
        step.start_button.click()
        assert self.session.job is not None, step.message.text
        let_run(0.3)
        return work

    def screening(self) -> Any:
        work = self.open(labelled=True)
        wait_for(lambda: self.session.background.job is not None, PATIENCE, "nothing was measured")
        return work


def main() -> None:
    faulthandler.enable(all_threads=False)
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    desk = Desk()
    layers = desk.viewer.layers
    for begin, roles in (
        (desk.segment, ("image", "labels", "all")),
        (desk.segment_again, ("image", "reviewed", "preview")),
        (desk.estimate, ("image",)),
        (desk.finetune, ("labels",)),
        (desk.screening, ("image",)),
    ):
        for role in roles:
            work = begin()
            if role == "all":
                layers.clear()
            else:
                layers.remove(work.layer if role == "image" else work.layers[role])
            desk.gone(f"{role} while {begin.__name__}")
    desk.segment()
    desk.viewer.window.remove_dock_widget(desk.panel)
    wait_for(lambda: desk.session.job is None, PATIENCE, "the job went on without the dock")
    let_run(0.1)
    print("removed: the dock", flush=True)
    layers.clear()
    desk.panel = UNetPanel(desk.viewer)
    desk.viewer.window.add_dock_widget(desk.panel, name="U-Net")
    desk.segment()
    desk.viewer.close()
    let_run(0.1)
    assert desk.session.job is None
    print("removed: the window", flush=True)


if __name__ == "__main__":
    sys.exit(main())
