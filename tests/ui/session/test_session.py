"""The session follows the viewer, survives what users do to layers, and keeps each image's things together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.models import library
from napari_unet.ui.session.session import Session, get_session


def test_one_session_a_viewer(viewer: Any) -> None:
    assert get_session(viewer) is get_session(viewer)


def test_the_first_image_is_worked_on_and_a_selected_one_is_followed(viewer: Any, session: Session) -> None:
    assert session.current is None
    first = viewer.add_image(np.zeros((20, 20)), name="first")
    assert session.current.layer is first
    second = viewer.add_image(np.zeros((5, 20, 20)), name="second")
    assert session.current.layer is second
    viewer.layers.selection.active = first
    assert session.current.layer is first
    assert len(session.works) == 2


def test_labels_belong_to_their_image_and_selecting_them_changes_to_it(viewer: Any, session: Session) -> None:
    first = viewer.add_image(np.zeros((20, 20)), name="first", scale=(0.5, 0.5))
    work = session.current
    labels = session.add_layer(work, "labels", np.zeros((20, 20), np.int32))
    assert viewer.layers.selection.active is first
    assert labels.name == "first labels"
    assert tuple(labels.scale) == (0.5, 0.5)
    viewer.add_image(np.zeros((30, 30)), name="second")
    assert session.current is not work
    viewer.layers.selection.active = labels
    assert session.current is work


def test_painting_changes_the_labels_and_never_the_prediction(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)))
    work = session.current
    prediction = np.ones((20, 20), np.int32)
    session.add_layer(work, "labels", prediction.copy())
    work.prediction = prediction
    assert not work.has_corrections
    work.labels_layer.paint((5, 5), 7)
    assert work.has_corrections
    assert (work.prediction == 1).all()
    assert (work.labels == 7).any()
    work.labels_layer.undo()
    assert not work.has_corrections


def test_deleting_labels_forgets_the_prediction_and_the_image_all(viewer: Any, session: Session) -> None:
    layer = viewer.add_image(np.zeros((20, 20)))
    other = viewer.add_image(np.zeros((20, 20)))
    session.work_on(layer)
    work = session.current
    session.add_layer(work, "labels", np.zeros((20, 20), np.int32))
    work.prediction = np.zeros((20, 20), np.int32)
    viewer.layers.remove(work.labels_layer)
    assert work.labels is None
    assert work.prediction is None
    viewer.layers.remove(layer)
    assert session.current.layer is other
    assert work not in session.works
    viewer.layers.clear()
    assert session.current is None


def test_renaming_and_replacing_data_are_survived(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)), name="a")
    work = session.current
    layer = session.add_layer(work, "labels", np.zeros((20, 20), np.int32))
    layer.name = "mine"
    assert work.labels_layer is layer
    layer.data = np.full((20, 20), 3)
    assert (work.labels == 3).all()
    layer.data = np.zeros((10, 10), int)
    assert work.labels is None


def test_a_layer_of_too_many_axes_is_refused_in_a_sentence(viewer: Any, session: Session) -> None:
    layer = viewer.add_image(np.zeros((2, 2, 2, 2, 8, 8)))
    assert session.current is None
    assert session.problem
    assert session.refused is layer
    viewer.layers.remove(layer)
    assert session.problem is None


def test_other_axes_let_labels_go_but_leave_the_layer(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((3, 20, 20)))
    work = session.current
    layer = session.add_layer(work, "labels", np.zeros((3, 20, 20), np.int32))
    with pytest.raises(UserError):
        session.set_axes("ZZX")
    assert work.labels_layer is layer
    session.set_axes("tyx")
    assert work.axes == "TYX"
    assert work.labels is None
    assert layer in viewer.layers


def test_the_users_own_labels_can_be_adopted_if_they_fit(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)))
    work = session.current
    own = viewer.add_labels(np.ones((20, 20), np.int32), metadata={"from": "me"})
    session.adopt_labels(work, own)
    assert work.labels_layer is own
    assert own.metadata["from"] == "me"
    with pytest.raises(UserError):
        session.adopt_labels(work, viewer.add_labels(np.ones((9, 9), np.int32)))


def test_probability_maps_are_no_images_to_work_on(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)))
    session.add_layer(session.current, "probability", np.zeros((20, 20), np.float32))
    assert len(session.image_layers()) == 1


def test_the_channel_chooser_moves_the_slider(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((2, 20, 20)), axis_labels=("c", "y", "x"))
    session.set_channel(1)
    assert viewer.dims.current_step[0] == 1
    assert session.current.grey.axes == "YX"


def test_what_is_set_on_an_image_tells_and_the_same_value_again_does_not(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)))
    work, heard = session.current, []
    for name in ("labels", "reviewed", "prediction", "diameter", "locks", "classes", "image"):
        getattr(session, f"{name}_changed").connect(lambda of, name=name: heard.append((name, of is work)))
    session.work_changed.connect(lambda of, field: heard.append(field))

    def told(change: Any) -> list[Any]:
        heard.clear()
        change()
        return list(heard)

    prediction = np.zeros((20, 20), np.int32)
    assert told(lambda: setattr(work, "prediction", prediction)) == ["prediction", ("prediction", True)]
    assert told(lambda: setattr(work, "prediction", prediction)) == []
    assert told(lambda: setattr(work, "prediction", prediction.copy())) == ["prediction", ("prediction", True)]
    assert told(lambda: session.add_layer(work, "labels", prediction)) == ["layers", ("labels", True)]
    assert told(lambda: session.add_layer(work, "preview", prediction)) == ["layers"]
    assert told(work.note_written) == ["n_written", ("labels", True)]
    assert told(lambda: work.lock({2}, {2: (3, 4)})) == ["locked", ("locks", True)]
    assert told(lambda: work.lock({2})) == []
    assert told(lambda: setattr(work, "class_names", ("a", "b"))) == ["class_names", ("classes", True)]
    assert told(lambda: setattr(work, "seconds", 2.0)) == ["seconds"]
    assert ("diameter", True) in told(lambda: work.set_diameter(12.0))
    assert told(lambda: work.set_diameter(12.0)) == []
    told_of_removal = told(lambda: viewer.layers.remove(work.labels_layer))
    assert told_of_removal.count(("labels", True)) == told_of_removal.count(("prediction", True)) == 1


def test_what_changes_together_is_told_when_all_of_it_is_set(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((3, 20, 20)))
    work, seen = session.current, []
    session.add_layer(work, "labels", np.zeros((3, 20, 20), np.int32))
    work.prediction = np.zeros((3, 20, 20), np.int32)
    for signal in (session.image_changed, session.labels_changed, session.prediction_changed):
        signal.connect(lambda of: seen.append((of.axes, of.labels, of.prediction)))
    session.set_axes("tyx")
    assert seen == [("TYX", None, None)] * 3


def test_pages_of_channels_are_shown_as_planes(viewer: Any, session: Session) -> None:
    """A stack of (Y, X, 2): recognised, or corrected, the canvas shows Y and X, and labels line up."""
    data = np.zeros((40, 50, 2), np.float32)
    layer = viewer.add_image(data)
    work = session.current
    assert work.image.axes == "YXC"
    assert viewer.dims.displayed == (0, 1)
    labels = session.add_layer(work, "labels", np.arange(2000, dtype=np.int32).reshape(40, 50))
    assert labels.data.shape == layer.data.shape
    assert layer.data is data
    session.set_axes("ZYX")
    assert viewer.dims.displayed == (1, 2)
    session.set_axes("YXC")
    assert viewer.dims.displayed == (0, 1)
    viewer.add_image(np.zeros((40, 50)))
    session.work_on(viewer.layers[-1])
    assert viewer.dims.displayed == (1, 2)


@pytest.mark.parametrize("axes", ["XYZ", "YXZ", "ZTYX", "XYCZ", "YXT"])
def test_any_order_of_axes_lines_up_on_the_canvas(viewer: Any, session: Session, axes: str) -> None:
    sizes = {"T": 3, "Z": 4, "C": 2, "Y": 20, "X": 30}
    layer = viewer.add_image(np.zeros([sizes[letter] for letter in axes]))
    session.set_axes(axes)
    work = session.current
    assert [axes[axis] for axis in viewer.dims.displayed] == ["Y", "X"]
    usual = np.random.default_rng(0).integers(0, 9, [sizes[letter] for letter in work.axes]).astype(np.int32)
    labels = session.add_layer(work, "labels", usual)
    np.testing.assert_array_equal(labels.extent.world, layer.extent.world)
    np.testing.assert_array_equal(work.labels, usual)
    assert work.grey.axes == work.axes == "".join(letter for letter in "TZYX" if letter in axes)


def test_very_large_ids_are_numbered_anew_beside_the_users_own(viewer: Any, session: Session) -> None:
    viewer.add_image(np.zeros((20, 20)))
    labels = np.zeros((20, 20), np.int32)
    labels[2:5, 2:5], labels[8:12, 8:12] = 2_000_000_001, 2_000_000_007
    mine = viewer.add_labels(labels)
    session.adopt_labels(session.current, mine)
    assert np.unique(session.current.labels).tolist() == [0, 1, 2]
    assert mine.data.max() == 2_000_000_007
    assert not mine.visible


def test_going_to_another_image_looks_at_the_models_once_and_counts_nothing(
    panel: Any, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many controls ask for the model, and the images change places: both cost a click its quickness."""
    for name in "ab":
        viewer.add_image(np.zeros((20, 20)), name=name)
    panel.strip.refresh()
    looked, counted, look = [], [], library.scan_models
    monkeypatch.setattr(library, "scan_models", lambda: looked.append(1) or look())
    monkeypatch.setattr("napari_unet.ui.session.running.model_in_use._FRESH_SECONDS", 60.0)
    panel.finetune_step.counter.changed.connect(lambda: counted.append(1))
    before = viewer.layers[-1]
    panel.strip.step(1)
    assert viewer.layers[-1] is not before
    assert len(looked) <= 2
    assert counted == []
    viewer.layers[-1].name = "c"
    assert counted == [1]
    entry, n = panel.session.model_entry, len(looked)
    assert panel.session.model_entry is entry
    assert len(looked) == n
    monkeypatch.setattr(library, "list_models", list)
    library.changed.emit()
    assert panel.session.model_entry is None, "the library has another content: it is looked at anew"
