"""Keys: shown, changed, kept, and never against napari's own."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtGui import QKeySequence

from napari_unet.errors import UserError
from napari_unet.ui.correct.keys_window import KeysWindow
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.correct.tools import keys as module
from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.correct.tools.keys import KeyTable, napari_keys, normalize_key
from napari_unet.ui.session.session import get_session

ACTION = {action.name: action for action in ACTIONS}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "keys.json"


@pytest.fixture
def own_table(path, monkeypatch):
    """The table of the program, with a file of its own."""
    table = KeyTable(ACTIONS, path)
    monkeypatch.setattr(module, "key_table", lambda: table)
    for name in ("layer_input", "step", "keys_window", "tools.grid"):
        monkeypatch.setattr(f"napari_unet.ui.correct.{name}.key_table", lambda: table)
    return table


def test_every_usual_key_is_free_and_used_once(path):
    table = KeyTable(ACTIONS, path)
    keys = [table.key_of(action) for action in ACTIONS if action.key]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(napari_keys())
    assert {"P", "E", "Ctrl+Z", "X", "[", "1", "V"} <= set(napari_keys())


def test_a_key_is_changed_kept_and_reset(path):
    table = KeyTable(ACTIONS, path)
    heard = []
    table.changed.connect(heard.append)
    table.choose("split", "Shift-K")
    assert table.key_of(ACTION["split"]) == "Shift+K"
    assert "K" in heard[0]
    assert KeyTable(ACTIONS, path).key_of(ACTION["split"]) == "Shift+K"
    table.choose("merge", "K")  # free now
    table.reset()
    assert KeyTable(ACTIONS, path).key_of(ACTION["split"]) == "K"


@pytest.mark.parametrize(
    ("key", "sentence"), [("P", "napari"), ("ctrl+z", "napari"), ("D", "Delete"), ("nonsense", "not a key")]
)
def test_a_key_that_is_taken_is_refused_with_a_sentence(path, key, sentence):
    table = KeyTable(ACTIONS, path)
    with pytest.raises(UserError, match=sentence):
        table.choose("split", key)
    assert table.key_of(ACTION["split"]) == "K"
    assert not path.exists()


@pytest.mark.parametrize("text", ["not json", "[1]", '{"split": "P", "merge": 5, "gone": "Y"}'])
def test_a_file_that_cannot_be_used_leaves_the_usual_keys(path, text):
    path.parent.mkdir()
    path.write_text(text)
    table = KeyTable(ACTIONS, path)
    assert table.key_of(ACTION["split"]) == "K"
    if "[" not in text:
        assert table.problem


def test_keys_are_written_as_napari_writes_them():
    assert normalize_key("Shift-D") == normalize_key("shift+D") == "Shift+D"
    assert normalize_key("k").upper() == "K"


def test_the_window_changes_a_key_of_the_open_layers(qtbot, own_table):
    viewer = ViewerModel()
    session = get_session(viewer)
    labels = np.zeros((40, 40), np.int32)
    labels[10:20, 10:20] = 1
    work = session.work_on(viewer.add_image(labels.astype(np.uint8), name="cells"))
    step = CorrectStep(session)
    session.add_layer(work, "labels", labels.copy())
    window = KeysWindow()
    qtbot.addWidget(window)

    def choose(name, key):
        window.fields[name].setKeySequence(QKeySequence(key))
        window.fields[name].editingFinished.emit()

    choose("split", "E")
    assert "napari" in window.message.text()
    assert window.fields["split"].key == "K"
    choose("split", "J")
    assert "Merge" in window.message.text()
    choose("split", "Shift+K")
    assert "Changed" in window.message.text()
    bound = {str(key) for key in work.labels_layer.keymap}
    assert "Shift+K" in bound
    assert "K" not in bound
    assert "Shift+K" in step.buttons["split"].toolTip()
    window.reset()
    assert window.fields["split"].key == "K"
    assert "K" in {str(key) for key in work.labels_layer.keymap}
    session.close()
    step.deleteLater()
