"""The step *Classes of objects*: a few clicks, and all objects have a class, in the layer and in the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from phenotypes import draw_phenotypes

from napari_unet.classification.marked import COLORS, MarkedObjects
from napari_unet.errors import UserError
from napari_unet.models.model_file import save_model
from napari_unet.ui.classify.layer_classes import has_classes
from napari_unet.ui.classify.step import ClassifyStep


@pytest.fixture
def step(viewer: Any, panel: Any, tiny_model: Any, models_dir: Path) -> ClassifyStep:
    """The step, with 36 discs that are smooth or spotted, and a model of few weights."""
    save_model(tiny_model, models_dir / "tiny.safetensors")
    image, labels, _ = draw_phenotypes()
    session = panel.session
    session.use_model("tiny")
    session.adopt_labels(session.work_on(viewer.add_image(image, name="cells")), viewer.add_labels(labels))
    return panel.classify_step


@pytest.fixture
def settle(qtbot: Any) -> Any:
    def wait(step: ClassifyStep) -> None:
        qtbot.waitUntil(lambda: not step.classifying.busy, timeout=60_000)

    return wait


def give_some(step: ClassifyStep, n: int = 5) -> dict[int, int]:
    """Click `n` objects of each class; returns the class of all."""
    classes = draw_phenotypes()[2]
    step.give_button.setChecked(True)
    for which in (0, 1):
        step.rows.choose(which)
        for label in [label for label, own in classes.items() if own == which][:n]:
            rows, columns = np.nonzero(step.work.labels == label)
            at = len(rows) // 2
            step.clicks.picker.clicked.emit(np.array(step.work.labels_layer.data_to_world((rows[at], columns[at]))))
    return classes


def test_a_few_clicks_give_every_object_a_class(step: ClassifyStep, settle: Any, tmp_path: Path) -> None:
    assert not step.next_button.isEnabled()
    classes = give_some(step)
    settle(step)
    features = step.work.labels_layer.features
    assert features["label"].tolist() == list(range(1, 37)) == features["index"].tolist()
    said = features["class"].map({"class 1": 0, "class 2": 1})
    assert np.mean(said == list(classes.values())) > 0.8
    assert features["probability"].between(0.5, 1).all()
    assert "of the examples that were held back" in step.score_label.text()
    assert step.rows.rows[0][3].text().startswith("5 given, ")
    # In colours, and back.
    before = step.work.labels_layer.colormap
    step.colors_box.setChecked(True)
    first = step.work.labels_layer.colormap.color_dict[1]
    assert "#" + "".join(f"{round(255 * part):02x}" for part in first[:3]) == COLORS[int(said[0])]
    step.colors_box.setChecked(False)
    assert step.work.labels_layer.colormap is before
    # The least sure one is shown, and is none that was given.
    went: list[Any] = []
    step.camera.go_to = lambda work, plane, box: went.append(box)
    step.go_to_least_sure()
    step.go_to_least_sure()
    del step.camera.go_to
    labels, given = step.work.labels, {int(step.work.labels[place]) for place, _ in step.work.marked.places}
    shown = [set(np.unique(labels[top:bottom, left:right])) - {0} for top, bottom, left, right in went]
    assert len(shown) == 2
    assert not shown[0] & shown[1]
    assert not (shown[0] | shown[1]) & given
    # A file of it does the same for the labels once they are without examples.
    step.saved.save(tmp_path / "c.safetensors")
    step.work.marked = MarkedObjects()
    settle(step)
    assert not has_classes(step.work.labels_layer)
    step.saved.load(tmp_path / "c.safetensors")
    settle(step)
    assert step.work.labels_layer.features["class"].tolist() == features["class"].tolist()


def test_keys_give_and_take_and_are_napari_s_own_again(step: ClassifyStep, viewer: Any) -> None:
    layer = step.work.labels_layer
    step.give_button.setChecked(True)
    viewer.cursor.position = tuple(np.argwhere(step.work.labels == 3)[40])
    (key,) = [callback for binding, callback in layer.keymap.items() if str(binding) == "2"]
    key(layer)
    assert step.work.marked.examples(step.work.labels, timed=False) == {(0, 3): 1}
    assert step.rows.chosen == 1
    (key,) = [callback for binding, callback in layer.keymap.items() if str(binding) == "0"]
    key(layer)
    assert step.work.marked.places == ()
    step.give_button.setChecked(False)
    assert not {str(binding) for binding in layer.keymap} & set("0123456789")


def test_measurements_and_classes_share_the_table(
    step: ClassifyStep, panel: Any, settle: Any, wait_until_idle: Any
) -> None:
    give_some(step, 2)
    settle(step)
    panel.results_step.measure()
    wait_until_idle(panel.session)
    settle(step)
    assert {"area", "class", "probability"} <= set(step.work.labels_layer.features.columns)


def test_examples_come_back_with_the_project(step: ClassifyStep, panel: Any, tmp_path: Path, settle: Any) -> None:
    from napari_unet.ui.session.keeping.keeper import get_keeper

    keeper = get_keeper(panel.session)
    keeper.new_project(tmp_path / "p.unetproj")
    give_some(step, 2)
    step.rows.renamed.emit(0, "smooth")
    settle(step)
    keeper.finish()
    keeper.project.flush()
    (reference,) = keeper.project.images().values()
    kept = MarkedObjects.from_dict(reference.details["marked"])
    assert kept == step.work.marked
    assert (kept.names, len(kept.places)) == (("smooth", "class 2"), 4)


def test_too_few_clicks_and_bad_names_are_told(step: ClassifyStep, settle: Any) -> None:
    give_some(step, 1)
    settle(step)
    assert "one more object" in step.score_label.text()
    step.rows.renamed.emit(0, "class 2")
    assert "name of its own" in step.message.text


def test_places_find_their_objects_whatever_the_ids_are() -> None:
    labels = np.zeros((3, 8, 8), np.int32)
    labels[:, 1:4, 1:4], labels[1, 5:, 5:] = 7, 9
    marked = MarkedObjects().given(labels, (1, 2, 2), 0, timed=True).given(labels, (1, 6, 6), 1, timed=True)
    assert marked.examples(labels, timed=True) == {(1, 7): 0, (1, 9): 1}
    assert marked.examples(labels * 2, timed=True) == {(1, 14): 0, (1, 18): 1}
    assert marked.examples(0 * labels, timed=True) == {}
    assert marked.given(labels, (1, 3, 3), 1, timed=True).examples(labels, timed=True) == {(1, 7): 1, (1, 9): 1}
    assert marked.given(labels, (1, 3, 3), None, timed=True).examples(labels, timed=True) == {(1, 9): 1}
    assert MarkedObjects.from_dict(marked.to_dict()) == marked
    three = marked.with_class()
    assert three.without_class(0).places == (((1, 6, 6), 0),)
    with pytest.raises(UserError, match="Two classes"):
        marked.without_class(0)
