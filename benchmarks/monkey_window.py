"""One episode of the monkey: opens the window, plays a script of actions, checks the rules after each.

python benchmarks/monkey_window.py SCRIPT.json      prints "do N ACTION" before each, and "broken RULE" at most once
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "window"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import napari
import numpy as np
import torch
from monkey_answers import Answers, lay_out_files
from monkey_controls import controls_at, use, windows
from monkey_rules import BrokenRuleError, Rules
from napari.layers import Image, Labels
from qtpy.QtCore import QPointF, Qt
from skimage.draw import disk
from window_driver import Hand, let_run

from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.ui.panel import UNetPanel

MODIFIERS = {"Shift": Qt.KeyboardModifier.ShiftModifier, "Ctrl": Qt.KeyboardModifier.ControlModifier}
SHAPES = {"add 2d": (90, 120), "add stack": (4, 80, 100), "add movie": (3, 70, 90), "add colours": (70, 90, 3)}
_AXES = {"add 2d": "yx", "add stack": "zyx", "add movie": "tyx", "add colours": "yx"}
_SIGNS = {"[": Qt.Key.Key_BracketLeft, "]": Qt.Key.Key_BracketRight, ".": Qt.Key.Key_Period, "PgUp": Qt.Key.Key_PageUp,
          "PgDown": Qt.Key.Key_PageDown}  # fmt: skip


def scene(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A grey image of discs, and its labels."""
    labels = np.zeros(shape, np.int32)
    for number, (row, column) in enumerate(np.ndindex(3, 4), start=1):
        labels[(..., *disk((14 + 24 * row, 14 + 24 * column), 9, shape=shape[-2:]))] = number
    noise = np.random.default_rng(0).normal(20, 5, shape)
    return (100 * (labels > 0) + noise).astype(np.float32), labels


class Monkey:
    """Carries out actions by mouse and keys, and through the viewer what a user does in napari's own widgets."""

    def __init__(self, folder: Path) -> None:
        lay_out_files(folder, scene)
        self.viewer = napari.Viewer(show=True)
        self.answers = Answers(folder, random.Random(0))  # its timer needs the application that napari makes
        self.viewer.window.resize(1280, 900)
        self._add_dock()
        self.session.use_model("tiny")
        self.hand = Hand(self.viewer)
        self.n_named = 0
        let_run(0.1)

    def _add_dock(self) -> None:
        self.panel = UNetPanel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="U-Net")
        self.session = self.panel.session

    def act(self, action: dict[str, Any]) -> None:
        getattr(self, "_" + action["do"])(**{key: value for key, value in action.items() if key != "do"})

    # -- mouse and keys -------------------------------------------------------------------------------------------

    def _point(self, at: list[float]) -> QPointF:
        canvas = self.hand.canvas
        return QPointF(round(at[1] * canvas.width()), round(at[0] * canvas.height()))

    def _stroke(self, **where: Any) -> None:
        start, end = (np.array(where[name]) for name in ("from", "to"))
        self.hand.modifiers = MODIFIERS["Shift"] if where["shift"] else Qt.KeyboardModifier.NoModifier
        for number, part in enumerate(np.linspace(0, 1, 8)):
            point = self._point(list(start + part * (end - start)))
            self.hand.move(point)
            if number == 0:
                self.hand.press(point)
            let_run(0.01)
        self.hand.release(point)
        self.hand.modifiers = Qt.KeyboardModifier.NoModifier

    def _click(self, at: list[float]) -> None:
        self.hand.move(self._point(at))
        self.hand.press(self._point(at))
        let_run(0.01)
        self.hand.release(self._point(at))

    def _key(self, key: str, at: list[float]) -> None:
        self.hand.move(self._point(at))
        let_run(0.01)
        *held, name = key.split("+")
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= MODIFIERS[one]
        code = _SIGNS.get(name) or getattr(Qt.Key, f"Key_{name}")
        self.hand.key(code, name if held == ["Shift"] else name.lower(), modifiers)

    # -- anything at all ------------------------------------------------------------------------------------------

    def _press(self, where: str, at: float, seed: int) -> None:
        self.answers.chance = chance = random.Random(seed)
        controls = controls_at(self.panel, where)
        if controls:
            control = controls[min(int(at * len(controls)), len(controls) - 1)]
            print(f"   {type(control).__name__} {getattr(control, 'text', str)()!r} of {len(controls)}", flush=True)
            use(control, chance)

    def _dock(self) -> None:
        """The panel is closed, and opened once more."""
        for window in windows():
            window.close()
        self.viewer.window.remove_dock_widget(self.panel)
        let_run(0.05)
        self._add_dock()

    def _rest(self) -> None:
        """Handed to the rules, which look closer."""

    # -- the panel ------------------------------------------------------------------------------------------------

    def _button(self, what: str, at: float) -> None:
        segment, tune, correct = self.panel.segment_step, self.panel.finetune_step, self.panel.correct_step
        messages = [step.message.button for step in self.panel.steps]
        choices: dict[str, list[Any]] = {
            "segment": [segment.segment_button], "estimate": [segment.diameter.estimate_button],
            "finetune": [tune.start_button], "stop": [segment.progress.stop_button, tune.training.stop_button],
            "question": [segment.question.go], "cancel": [segment.question.replace, segment.question.keep],
            "ring": [segment.diameter.ring_button], "message": messages, "automatic": [correct.automatic_box],
            "keep": [tune.result_view.keep_button], "use": [tune.result_view.use_button],
            "views": list(tune.result_view.views.values()), "small": [correct.small.remove_button],
            "put away": [correct.small.cancel_button],
        }  # fmt: skip
        usable = [button for button in choices[what] if button.isVisibleTo(self.panel) and button.isEnabled()]
        if usable:
            usable[min(int(at * len(usable)), len(usable) - 1)].click()

    def _text(self, text: str) -> None:
        step = self.panel.image_step.axes_edit if text.isupper() else self.panel.segment_step.diameter.number
        if step.isEnabled():
            step.setText(text)
            step.editingFinished.emit()

    # -- napari's own widgets -------------------------------------------------------------------------------------

    def _view(self, what: str, at: float) -> None:
        dims = self.viewer.dims
        if what == "slice" and dims.ndim > 2:
            dims.set_current_step(0, min(int(at * dims.nsteps[0]), dims.nsteps[0] - 1))
        elif what in ("2d", "3d"):
            dims.ndisplay = 2 if what == "2d" else 3
        elif what == "zoom":
            self.viewer.scene.camera.zoom *= 0.5 + 2 * at
        elif what == "roll" and dims.ndim > 2 and at < 0.3:
            dims.roll()
        else:
            self.viewer.reset_view()

    def _labels(self) -> None:
        """As after a segmentation that found everything: an untrained model finds nothing worth correcting."""
        work = self.session.current
        if work is not None and self.session.job is None and work.layer.data.shape == work.shape:
            _, labels = scene(work.shape)
            self.session.add_layer(work, "labels", labels.copy())
            work.prediction = labels.copy()
            self.viewer.layers.selection.active = work.labels_layer

    def _layer(self, what: str, at: float) -> None:
        layers = self.viewer.layers
        if what in SHAPES:
            self._add(what)
            return
        if what == "clear" and at < 0.5:
            layers.clear()
            return
        chosen = self._choose(what, at)
        if chosen is None:
            return
        self._change(chosen, what.split()[0], what, at)

    def _add(self, what: str) -> None:
        self.n_named += 1
        if len(self.viewer.layers) < 12:
            pixels = scene((70, 90))[0][..., None].repeat(3, -1) / 200 if what == "add colours" else None
            data = scene(SHAPES[what])[0] if pixels is None else pixels.clip(0, 1)
            name = f"image {self.n_named}"
            self.viewer.add_image(data, name=name, axis_labels=tuple(_AXES[what]), rgb=pixels is not None)

    def _choose(self, what: str, at: float) -> Any:
        layers, work = list(self.viewer.layers), self.session.current
        if what.endswith(("labels", "reviewed")):
            return None if work is None else work.layers.get(what.split()[1])
        if what.endswith("image"):
            layers = [layer for layer in layers if isinstance(layer, Image)]
        if what.startswith("picture"):
            layers = [layer for layer in layers if isinstance(layer, Image) and not layer.rgb]
        if what.startswith("data"):
            layers = [layer for layer in layers if type(layer) is Labels]
        return layers[min(int(at * len(layers)), len(layers) - 1)] if layers else None

    def _change(self, layer: Any, verb: str, what: str, at: float) -> None:
        layers = self.viewer.layers
        if verb == "remove":
            layers.remove(layer)
        elif verb == "rename":
            layer.name = f"renamed {at}"
        elif verb in ("hide", "show"):
            layer.visible = verb == "show"
        elif verb == "reorder":
            layers.move(layers.index(layer), int(at * 10) % len(layers))
        elif verb == "select":
            layers.selection.active = layer
        elif verb == "scale":
            layer.scale = [1 + at] * layer.ndim
        elif verb in ("duplicate", "convert"):
            self._copy(layer, verb)
        elif what == "picture shape":
            layer.data = np.zeros((6, 50, 60)[-layer.ndim :], np.float32)
        elif verb == "picture":
            layer.data = np.asarray(layer.data)[..., ::-1].copy()
        elif what == "data shape":
            layer.data = np.zeros((5,) * layer.ndim, np.int32)
        elif verb == "data":
            layer.data = np.roll(np.asarray(layer.data), 3, axis=-1)

    def _copy(self, layer: Any, verb: str) -> None:
        """As napari's own menu of layers does it."""
        from napari.layers import _layer_actions

        layers = self.viewer.layers
        if len(layers) < 12:
            layers.selection.active = layer
            if verb == "duplicate":
                _layer_actions._duplicate_layer(layers)
            elif isinstance(layer, Image) and not layer.rgb:
                layer.data = np.asarray(layer.data).astype(np.int32)
                _layer_actions._convert_to_labels(layers)

    def _wait(self, seconds: float) -> None:
        let_run(seconds)


def main() -> int:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    rules = Rules()
    script = json.loads(Path(sys.argv[1]).read_text(encoding="utf8"))
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    os.chdir(folder)
    monkey = Monkey(folder)
    try:
        for number, action in enumerate(script):
            print(f"do {number} {json.dumps(action)}", flush=True)
            monkey.act(action)
            let_run(0.02)
            if action["do"] == "rest":
                rules.check_end(monkey)
            rules.check(monkey)
        rules.check_end(monkey)
    except BrokenRuleError as broken:
        print(f"broken {broken}", flush=True)
        return 1
    monkey.session.close()
    monkey.viewer.close()
    let_run(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main())
