"""Of an image that is convincing at two sizes the other one is offered, with both as rings on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_segmenter import FakeSegmenter

pytest.importorskip("napari")

from napari_unet.corrections.comparison import Counts
from napari_unet.images.view import View
from napari_unet.segmentation.events import Estimated
from napari_unet.ui.canvas.marks.board import Board
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.trackers import get_trackers

SAID = "Objects were looked for at 17 px (yellow ring); 9 px (blue ring) is convincing too."
BACK = "Objects were looked for at 9 px (yellow ring); 17 px (blue ring) is convincing too."

Segment = Callable[[], None]


def rings_of(panel: UNetPanel) -> dict[str, float]:
    """Diameters of the rings of all images by their colour."""
    board = panel.session.service(Board)
    board.draw()  # the canvas of the tests may still show what the one before drew
    return {pen.colour: float(np.ptp(path[:, 0])) for path, pen in board.overlay.drawing.paths}


@pytest.fixture
def segment(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> Segment:
    """Click *Segment* (again); the model finds 9 px convincing beside 17."""
    segmenter.other = 9.04
    viewer.add_image(blobs, name="cells")

    def run() -> None:
        panel.segment_step.set_open(True)
        click(panel.segment_step.segment_button)
        wait_until_idle(panel.session)

    return run


@pytest.fixture
def offered(panel: UNetPanel, segment: Segment) -> UNetPanel:
    segment()
    return panel


def test_the_other_size_is_said_and_both_are_shown_as_rings(offered: UNetPanel) -> None:
    message = offered.segment_step.message
    assert (message.text, message.kind) == (SAID, "info")
    assert message.button.text() == "Segment at 9 px"
    assert rings_of(offered) == {"yellow": pytest.approx(17), "deepskyblue": pytest.approx(9.04)}


def test_one_click_segments_at_it_and_the_first_is_the_way_back(
    offered: UNetPanel, segmenter: FakeSegmenter, click: Any, wait_until_idle: Any
) -> None:
    step, session = offered.segment_step, offered.session
    click(step.message.button)
    wait_until_idle(session)
    assert [call.config.diameter for call in segmenter.calls] == [None, 9.0]
    assert (session.current.diameter, session.current.diameter_estimated) == (9.0, False)
    assert step.message.text == BACK
    assert rings_of(offered) == {"yellow": pytest.approx(9), "deepskyblue": pytest.approx(17)}
    click(step.message.button)
    wait_until_idle(session)
    assert segmenter.calls[-1].config.diameter == 17.0
    assert step.message.text == SAID


def test_it_is_said_once_of_a_result_and_not_of_one_at_a_size_that_somebody_chose(
    offered: UNetPanel, segment: Segment, segmenter: FakeSegmenter
) -> None:
    segment()  # again, at the size of before
    assert segmenter.calls[-1].config.diameter == 17.0
    assert offered.segment_step.message.text == ""
    assert rings_of(offered) == {}


def test_who_takes_another_size_after_all_is_offered_no_way_back(
    offered: UNetPanel, monkeypatch: pytest.MonkeyPatch, wait_until_idle: Any
) -> None:
    monkeypatch.setattr(offered.segment_step, "request", lambda: None)  # as if a question had been left unanswered
    offered.segment_step.message.button.click()
    monkeypatch.undo()
    offered.session.current.set_diameter(40.0)
    offered.segment_step.start()
    wait_until_idle(offered.session)
    assert offered.segment_step.message.text == ""
    assert rings_of(offered) == {}


def test_who_asks_for_the_size_first_sees_both_and_so_when_it_is_segmented(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    segmenter.other = 9.04
    viewer.add_image(blobs, name="cells")
    step = panel.segment_step
    step.set_open(True)
    click(step.diameter.estimate_button)
    wait_until_idle(panel.session)
    said = "Objects were looked for at 23 px (yellow ring); 9 px (blue ring) is convincing too."
    assert step.message.text == said
    assert rings_of(panel) == pytest.approx({"yellow": 23.4, "deepskyblue": 9.04}, abs=0.2)
    segmenter.other = None  # the size is known when it is segmented: no other is looked for
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert step.message.text == said


def test_where_there_is_no_other_size_nothing_is_said(
    segmenter: FakeSegmenter, panel: UNetPanel, segment: Segment
) -> None:
    segmenter.other = None
    segment()
    assert panel.segment_step.message.text == ""
    assert rings_of(panel) == {}


def test_another_image_has_not_the_other_size_of_the_one_before(
    offered: UNetPanel, segmenter: FakeSegmenter, viewer: Any, blobs: np.ndarray, segment: Segment
) -> None:
    viewer.add_image(blobs, name="others")
    assert offered.segment_step.message.text == ""
    assert rings_of(offered) == {}
    segmenter.other = None
    segment()
    assert offered.segment_step.message.text == ""
    sizes, (first, second) = offered.segment_step.doubts.sizes, offered.session.works
    sizes.note(first, Estimated(View(17.0, "estimated"), 1, other=9.0))
    assert not sizes.offer(second)
    assert offered.segment_step.message.text == ""


def test_the_cross_takes_the_rings_away_too(offered: UNetPanel) -> None:
    offered.segment_step.clear_message()
    assert rings_of(offered) == {}


def test_a_diameter_that_is_typed_ends_it(offered: UNetPanel) -> None:
    step, work = offered.segment_step, offered.session.current
    work.view = work.view.with_diameter(17.0)  # the same size, now somebody's: nothing is decided
    assert step.message.text == SAID
    step.diameter.number.setText("25")
    step.diameter.number.editingFinished.emit()
    assert step.message.text == ""
    assert rings_of(offered) == {}


def test_corrections_end_it(offered: UNetPanel, qtbot: Any) -> None:
    step, work = offered.segment_step, offered.session.current
    offered._was_ready = True  # as if something had been corrected in another image
    trackers = get_trackers(offered.session)
    trackers.changed.emit(work)
    assert step.message.text == SAID, "nothing has been corrected"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trackers, "of", lambda work: SimpleNamespace(counts=Counts(corrected=2)))
        step.doubts.sizes._on_corrections(SimpleNamespace())
    assert step.message.text == SAID, "another image was corrected"
    work.labels_layer.data_setitem((np.arange(4), np.arange(4)), 1)
    qtbot.waitUntil(lambda: step.message.text == "", timeout=20_000)
    assert rings_of(offered) == {}


def test_a_result_that_goes_takes_it_along(offered: UNetPanel, viewer: Any) -> None:
    viewer.layers.remove(offered.session.current.labels_layer)
    assert offered.segment_step.message.text == ""
    assert rings_of(offered) == {}


def test_that_the_model_is_unsure_is_said_in_the_same_sentence(offered: UNetPanel) -> None:
    step, work = offered.segment_step, offered.session.current
    step.doubts.note_screening(work, np.repeat([0.9, 0.1], [5, 15]))
    assert step.message.text == SAID
    step.doubts.note_screening(work, np.repeat([0.9, 0.1], [15, 5]))
    assert step.message.text == (
        "The model is unsure of 15 of 20 objects at 17 px (yellow ring); 9 px (blue ring) is convincing too."
    )
    assert step.message.button.text() == "Segment at 9 px"
    assert set(rings_of(offered)) == {"yellow", "deepskyblue"}
    step.clear_message()
    step.doubts.note_screening(work, np.repeat([0.9, 0.1], [15, 5]))
    assert step.message.text == "", "once of each result"


def test_it_takes_the_place_of_what_was_said_of_the_same_result_before(panel: UNetPanel, segment: Segment) -> None:
    step = panel.segment_step
    segment()
    work = panel.session.current
    work.prediction = work.prediction.copy()
    step.clear_message()
    step.doubts.note_screening(work, np.repeat([0.9, 0.1], [15, 5]))
    assert step.message.button.text() == ""
    step.doubts.sizes.note(work, Estimated(View(17.0, "estimated"), 1, other=9.0))
    step.doubts.look(work)
    assert step.message.text.startswith("The model is unsure of 15 of 20 objects at 17 px (yellow ring); 9 px")
    work.prediction = work.prediction.copy()
    step.doubts.sizes.note(work, Estimated(View(17.0, "estimated"), 1, other=9.0))
    step.doubts.look(work)
    assert step.message.text == SAID, "of the next result nothing of the kind is known yet"


def test_no_other_model_is_offered_while_another_size_is(offered: UNetPanel) -> None:
    step, work = offered.segment_step, offered.session.current
    step.doubts._offer(work, None, None)
    assert step.message.text == SAID


def test_what_a_result_contradicts_is_said_in_its_place(
    panel: UNetPanel, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_unet.ui.segment.sentences.doubts.typical_diameter", lambda areas: 60.0)
    monkeypatch.setattr("napari_unet.review.suitability._LEAST", 1)
    segment()
    assert panel.segment_step.message.button.text() == "Use 60 px"
    assert rings_of(panel) == {}


def test_in_3d_no_rings_are_spoken_of(panel: UNetPanel, viewer: Any, segment: Segment) -> None:
    viewer.dims.ndisplay = 3
    segment()
    assert panel.segment_step.message.text == "Objects were looked for at 17 px; 9 px is convincing too."
