"""Live mode in a real window: strokes teach, the rest of the view follows, and nothing of the user's is written to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from skimage.draw import disk

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from window_driver import Hand, let_run, wait_for

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.project.project import LABELS, PREDICTION
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.real_window

QUICK = FinetuneConfig(seconds=60, max_steps=4, learning_rate=1e-2, patch=64, batch_size=2, device="cpu")
CENTRES = [(row, column) for row in range(20, 150, 32) for column in range(20, 190, 32)]


@pytest.fixture
def panel(make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A window with discs of which the model, which knows nothing yet, has found none."""
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    record = ModelRecord(name="tiny", architecture=architecture, diameter=18.0)
    save_to_library(Model(UNet(architecture).eval(), record))
    monkeypatch.setattr(FinetuneStep, "config", QUICK)
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    session = panel.session
    session.use_model("tiny")
    field = np.random.default_rng(0).normal(20, 6, (160, 200)).astype(np.float32)
    for centre in CENTRES:
        field[disk(centre, 9)] += 100
    work = session.work_on(viewer.add_image(field, name="discs"))
    session.add_layer(work, "labels", np.zeros(field.shape, np.int32))
    work.prediction = np.zeros(field.shape, np.int32)
    work.set_diameter(18.0)
    viewer.layers.selection.active = work.labels_layer
    yield panel
    session.close()


def draw(hand: Hand, work: Any, centres: list[tuple[int, int]]) -> None:
    """Draw a disc at each of `centres`, with an id of its own."""
    for row, column in centres:
        hand.key(Qt.Key.Key_N, "n")
        work.labels_layer.brush_size = 17
        hand.stroke(work.labels_layer, [(row, column), (row, column + 1)])


def test_strokes_teach_and_the_rest_follows_and_all_of_it_is_kept(panel: Any) -> None:
    session, step, hand = panel.session, panel.finetune_step, Hand(panel.session.viewer)
    work = session.current
    hand.show_all()
    step.set_open(True)
    step.live.button.click()
    wait_for(lambda: step.live.on and session.job is not None, 10)
    assert not step.start_button.isEnabled()
    seen: list[Any] = []
    session.refreshed.connect(seen.append)
    draw(hand, work, CENTRES[:4])
    get_trackers(session).of(work).finish()
    drawn = work.labels.copy()
    assert len(np.unique(drawn)) == 5
    wait_for(lambda: seen, 200, f"the view was not refreshed: {step.live.status.text}")
    reviewed = work.reviewed > 0
    assert (work.labels != drawn).any(), "nothing is new"
    np.testing.assert_array_equal(work.labels[reviewed], drawn[reviewed])
    np.testing.assert_array_equal((work.labels != work.prediction), drawn > 0)  # what is new is no correction
    assert get_trackers(session).of(work).counts.added == 4
    # What is kept in the file is what is there.
    keeper = get_keeper(session)
    keeper.finish()
    project, number = keeper.project, keeper.number_of(work)
    assert project.flush()
    for role, array in ((LABELS, work.labels), (PREDICTION, work.prediction)):
        np.testing.assert_array_equal(project.read_array(number, role), array)
    # Undo takes back strokes, and nothing else.
    for _ in range(4):
        assert get_undo(session).undo()
    let_run(0.05)
    np.testing.assert_array_equal(work.labels, work.prediction)
    assert not work.labels[drawn > 0].any()
    for _ in range(4):
        assert get_undo(session).redo()
    np.testing.assert_array_equal(work.labels[drawn > 0], drawn[drawn > 0])
    # Stopping it leads to a choice.
    step.live.status.stop_button.click()
    wait_for(lambda: step.result_view.result is not None or step.message.text, 200, "there was no verdict")
    assert step.message.text == ""
    assert not step.live.on
    assert not step.live.button.isChecked()
    assert step.result_view.result.model.record.training.n_objects >= 4
