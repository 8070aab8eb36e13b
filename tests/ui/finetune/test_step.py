"""Fine-tuning in the window: the state is the session's, painting goes on, and the user chooses what is kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from napari.components import ViewerModel

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult, PreviewDone
from napari_unet.labels.evidence import Score, ScoreDifference
from napari_unet.learning.events import StepDone
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import list_models, save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.running.engine import Engine
from napari_unet.models.unet import UNet
from napari_unet.ui.finetune.guidance import BEGIN
from napari_unet.ui.finetune.material import describe_counts
from napari_unet.ui.finetune.result import explain_score, summarize_result
from napari_unet.ui.finetune.step import NOTHING_REVIEWED, TOO_SOON, FinetuneStep
from napari_unet.ui.session.review_counter import ReviewCounts, count_reviewed
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers

QUICK = FinetuneConfig(seconds=60, max_steps=8, patch=64, batch_size=2, device="cpu", preview_seconds=1)


def discs(shape=(160, 200)):
    random = np.random.default_rng(0)
    labels = np.zeros(shape, np.int32)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for y in range(16, shape[0] - 9, 32):
        for x in range(16, shape[1] - 9, 32):
            labels[(rows - y) ** 2 + (columns - x) ** 2 <= 81] = labels.max() + 1
    return (100 * (labels > 0) + random.normal(20, 8, shape)).astype(np.float32), labels


@pytest.fixture
def session(qtbot, models_dir):
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    viewer = ViewerModel()
    session = get_session(viewer)
    session.use_model("tiny")
    yield session
    get_trackers(session).close()
    session.close()


@pytest.fixture
def step(session, qtbot, monkeypatch):
    monkeypatch.setattr(FinetuneStep, "config", QUICK)
    step = FinetuneStep(session)
    qtbot.addWidget(step)
    return step


def segmented(session, reviewed=True):
    """An image that was segmented, and all of it reviewed."""
    image, labels = discs()
    work = session.work_on(session.viewer.add_image(image, name="discs"))
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    if reviewed:
        session.add_layer(work, "reviewed", np.ones(labels.shape, np.uint8))
    session.viewer.layers.selection.active = work.labels_layer
    return work


def run_to_end(step, qtbot, stop=None):
    step.start_button.click()
    qtbot.waitUntil(lambda: step.session.job is None, timeout=60_000)


def test_the_header_says_what_is_missing_and_what_is_ready(step, session, qtbot) -> None:
    assert not step.start_button.isEnabled()
    assert "segment" in step.start_button.toolTip().lower()
    work = segmented(session)
    qtbot.waitUntil(lambda: step.state.startswith("ready"), timeout=60_000)
    assert step.start_button.isEnabled()
    n = int(work.labels.max())
    assert step.counter.counts == ReviewCounts(1, 0, n)
    work.labels_layer.data_setitem(np.nonzero(work.labels == 1), 0)
    get_trackers(session).of(work).note_edit([()])
    qtbot.waitUntil(lambda: step.counter.counts == ReviewCounts(1, 1, n - 1), timeout=60_000)


def test_nothing_reviewed_is_a_sentence_not_a_job(step, session) -> None:
    segmented(session, reviewed=False)
    step.start_button.click()
    assert session.job is None
    assert step.message.text == NOTHING_REVIEWED


def test_the_new_model_is_used_only_when_the_user_says_so(step, session, qtbot) -> None:
    segmented(session)
    run_to_end(step, qtbot)
    result = step.result_view.result
    assert result is not None
    assert result.steps == 8
    assert step.result_view.sentence.text().replace("\u00a0", " ") == result.sentence
    assert [entry.name for entry in list_models()].count("tiny") == 1
    assert session.model_entry.name == "tiny"
    step.result_view.use_button.click()
    assert session.model_entry.name == result.model.record.name
    assert session.model_entry.record.parent_name == "tiny"
    work = session.current
    work.segmented_by = "tiny"
    work.prediction = work.prediction.copy()
    assert not step.result_view.isHidden(), "the old model was at work"
    with qtbot.waitSignal(step.segment_again):
        step.result_view.again_button.click()
    assert step.result_view.isHidden()


@pytest.mark.parametrize(("told", "uses"), [({"better": None}, True), ({"better": None, "cautious": True}, False)])
def test_return_takes_what_the_verdict_speaks_for(step, session, qtbot, told, uses) -> None:
    work, view = segmented(session), step.result_view
    run_to_end(step, qtbot)
    view.show_result(replace(view.result, **told), SimpleNamespace(compared=None, work=work, diameters={}))
    assert (view.use_button.isDefault(), view.keep_button.isDefault()) == (uses, not uses)


def test_segment_again_is_not_offered_once_the_new_model_was_at_work(step, session, qtbot) -> None:
    work = segmented(session)
    run_to_end(step, qtbot)
    step.result_view.use_button.click()
    assert step.state == "new model in use"
    work.segmented_by = session.model_entry.name
    work.prediction = work.prediction.copy()
    assert step.result_view.isHidden()
    assert step.state != "new model in use"


def test_segment_again_is_not_offered_without_an_image(step, session, qtbot) -> None:
    segmented(session)
    run_to_end(step, qtbot)
    step.result_view.use_button.click()
    assert not step.result_view.isHidden()
    session.viewer.layers.clear()
    assert step.result_view.isHidden()


def test_keeping_the_old_model_leaves_no_trace(step, session, qtbot) -> None:
    work = segmented(session)
    names = {entry.name for entry in list_models()}
    layers = list(session.viewer.layers)
    run_to_end(step, qtbot)
    step.result_view.views["after"].click()
    step.result_view.keep_button.click()
    assert {entry.name for entry in list_models()} == names
    assert list(session.viewer.layers) == layers
    assert work.labels_layer.visible


def test_before_and_after_are_one_click_apart(step, session, qtbot) -> None:
    work = segmented(session)
    run_to_end(step, qtbot)
    views = step.result_view.views
    assert views["labels"].isChecked()
    assert work.labels_layer.visible
    views["before"].click()
    assert step.result_view.comparison.side == "before"
    assert not work.labels_layer.visible
    views["after"].click()
    assert step.result_view.comparison.side == "after"
    views["labels"].click()
    assert work.labels_layer.visible
    assert views["labels"].isChecked()


def drawn_points(line) -> int:
    places, _ = line.getData()
    return 0 if places is None else len(places)


def test_discard_ends_without_a_result(step, session, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(FinetuneStep, "config", QUICK.model_copy(update={"max_steps": 100_000}))
    segmented(session)
    step.start_button.click()
    qtbot.waitUntil(lambda: step.curves is not None and drawn_points(step.curves.loss_line) > 0, timeout=60_000)
    step.training.discard_button.click()
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert step.result_view.result is None
    assert step.result_view.isHidden()
    assert step.message.text


def test_stop_and_keep_offers_what_was_learned(step, session, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(FinetuneStep, "config", QUICK.model_copy(update={"max_steps": 100_000}))
    segmented(session)
    step.start_button.click()
    steps = []
    step.run.advanced.connect(lambda event: steps.append(event) if isinstance(event, StepDone) else None)
    qtbot.waitUntil(lambda: bool(steps), timeout=60_000)
    step.training.stop_button.click()
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert 0 < step.result_view.result.steps < 100_000


def test_painting_goes_on_while_the_model_learns(step, session, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(FinetuneStep, "config", QUICK.model_copy(update={"max_steps": None, "seconds": 600.0}))
    work = segmented(session)
    previews: list[PreviewDone] = []
    step.start_button.click()
    step.run.advanced.connect(lambda event: previews.append(event) if isinstance(event, PreviewDone) else None)
    layer = work.labels_layer
    layer.mode = "paint"
    layer.selected_label = 77
    for column in range(20, 120, 5):
        layer.paint((100, column), 77)
        qtbot.wait(50)
    assert session.job is not None
    assert session.viewer.layers.selection.active is layer
    qtbot.waitUntil(lambda: bool(previews), timeout=60_000)
    session.jobs.stop()
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert (layer.data == 77).sum() > 100
    assert session.viewer.layers.selection.active is layer
    assert "preview" not in work.layers
    layer.undo()
    assert (layer.data == 77).any()


def test_what_cannot_be_learned_from_is_said_in_the_step(step, session, qtbot) -> None:
    work = segmented(session, reviewed=False)
    session.add_layer(work, "reviewed", (work.labels == 0).astype(np.uint8))
    run_to_end(step, qtbot)
    assert "reviewed" in step.message.text
    assert step.result_view.result is None


def test_curves_follow_the_theme(step, session, qtbot) -> None:
    segmented(session)
    run_to_end(step, qtbot)
    colours = []
    for theme in ("dark", "light"):
        session.viewer.theme = theme
        colours.append(step.curves.backgroundBrush().color().name())
    assert colours[0] != colours[1]


def test_words() -> None:
    assert describe_counts(ReviewCounts(2, 31, 120)) == "ready: 2 images, 31 corrected and 120 confirmed objects"
    score = Score(0.5, 0.4, 0.3, 14)
    better = FinetuneResult(None, score, Score(0.8, 0.5, 0.4, 14), True, "", 5, 1.0)
    unknown = FinetuneResult(None, None, None, None, "", 5, 1.0)
    assert "0.50" in summarize_result(better)
    assert "14" in explain_score(better)
    assert explain_score(unknown) != explain_score(better)
    change = ScoreDifference(0.1, -0.05, 0.2, 0.8, 14)
    unsure = FinetuneResult(None, score, score, None, "", 5, 1.0, (), change, score, score)
    assert "not sure" in summarize_result(unsure)
    assert "-0.05 and +0.20" in explain_score(unsure)
    assert "knew before" in explain_score(unsure)
    assert "old model stays" in summarize_result(FinetuneResult(None, None, None, False, "", 5, 1.0))


def test_an_object_through_slices_counts_once_but_in_each_frame_anew() -> None:
    _, labels = discs()
    stack = np.stack([labels] * 3)
    reviewed = np.ones(stack.shape, np.uint8)
    reviewed[2] = 0
    assert count_reviewed(stack, reviewed, "ZYX") == labels.max()
    assert count_reviewed(stack, reviewed, "TYX") == 2 * labels.max()


def test_stopped_before_the_first_step_there_are_no_two_models_to_choose_from(step, session, qtbot) -> None:
    work = segmented(session)
    work.labels_layer.data_setitem(np.nonzero(work.labels == 1), 0)
    get_trackers(session).of(work).note_edit([()])
    qtbot.waitUntil(lambda: step.start_button.isEnabled(), timeout=60_000)
    step.start_button.click()
    session.jobs.stop()
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert step.message.text == TOO_SOON
    assert step.result_view.result is None
    assert step.start_button.isEnabled()


def test_guidance_says_what_would_help_before_and_after(step, session, qtbot, monkeypatch) -> None:
    asked, describe = [], Engine.describe
    monkeypatch.setattr(Engine, "describe", lambda engine: asked.append(threading.get_ident()) or describe(engine))
    work = segmented(session)
    qtbot.waitUntil(lambda: "nothing new to learn" in step.guidance.text, timeout=60_000)
    assert "Takes about" in step.guidance.text
    qtbot.waitUntil(lambda: "processor" in step.guidance.text, timeout=60_000)
    assert threading.get_ident() not in asked, "to ask an accelerator takes seconds"
    work.labels_layer.data_setitem(np.nonzero(work.labels == 1), 0)
    get_trackers(session).of(work).note_edit([()])
    qtbot.waitUntil(lambda: "24 more corrected objects" in step.guidance.text, timeout=60_000)
    run_to_end(step, qtbot)
    assert step.result_view.result is not None
    assert "Takes about" not in step.guidance.text
    assert "24 more corrected objects" in step.guidance.text or "Go on with" in step.guidance.text
    with qtbot.waitSignal(step.guidance.where_next):
        step.guidance.where_button.click()
    step.result_view.keep_button.click()
    assert "Takes about" in step.guidance.text


def test_nothing_is_to_be_accepted_before_the_first_segmentation_is_done(step, session, qtbot, monkeypatch) -> None:
    work = segmented(session, reviewed=False)
    qtbot.waitUntil(lambda: step.guidance.text == BEGIN, timeout=60_000)
    running = SimpleNamespace(owner="segment", title="Segmenting", stopping=False)
    monkeypatch.setattr(type(session), "job", property(lambda _: running))
    work.n_objects = None
    step.refresh()
    assert step.guidance.text == ""
    work.n_objects = 30
    step.refresh()
    assert step.guidance.text == BEGIN, "it is segmented again: what there is can be corrected"


def test_labels_that_contradict_themselves_are_told_of(step, session, qtbot) -> None:
    work = segmented(session)
    last = int(work.labels.max())
    work.labels_layer.data_setitem(np.nonzero(work.labels == last), 1)  # the first and the last: one id
    get_trackers(session).of(work).note_edit([()])
    run_to_end(step, qtbot)
    assert "Object 1 of “discs” is in 2 parts" in step.guidance.text


def test_no_sentence_contradicts_another(step, session, qtbot) -> None:
    """ "Nothing is reviewed" goes as soon as something is, and while it stands the header does not say "ready"."""
    work = segmented(session, reviewed=False)
    step.start_button.click()
    assert step.message.text == NOTHING_REVIEWED
    assert step.state.startswith("not started")
    session.add_layer(work, "reviewed", np.ones(work.shape, np.uint8))
    qtbot.waitUntil(lambda: step.state.startswith("ready"), timeout=60_000)
    assert step.message.text == ""


def test_learning_in_3d_is_offered_for_stacks_of_objects_and_only_then(session, qtbot) -> None:
    step = FinetuneStep(session)
    qtbot.addWidget(step)
    image, labels = discs((64, 64))
    stack = session.work_on(session.viewer.add_image(np.stack([image] * 4), name="stack"))
    session.add_layer(stack, "labels", np.stack([labels] * 4))
    step.refresh()
    assert not step.deep_box.isHidden()
    assert step.config.dimensions == "2"
    step.deep_box.setChecked(True)
    assert step.config.dimensions == "3"
    session.work_on(session.viewer.add_image(image, name="plane"))
    step.refresh()
    assert step.deep_box.isHidden()
    assert step.config.dimensions == "2"
