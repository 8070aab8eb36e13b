"""What the monkey answers where a window asks and waits: for a file, for a name, yes or no."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from monkey_controls import usable_controls, use
from qtpy.QtCore import QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QColorDialog, QDialog, QFileDialog, QInputDialog, QMessageBox

_MOST_PRESSES = 3


class Answers:
    """Takes the place of Qt's dialogs. All files are in `folder`; the same answers after the same `chance`."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self._presses = 0
        for name, answer in (
            ("getOpenFileName", self._open), ("getOpenFileNames", self._open_several),
            ("getSaveFileName", self._save), ("getExistingDirectory", self._directory),
        ):  # fmt: skip
            setattr(QFileDialog, name, staticmethod(answer))
        QMessageBox.question = staticmethod(self._question)
        QInputDialog.getText = staticmethod(self._text)
        QColorDialog.getColor = staticmethod(self._color)
        self._timer = QTimer(interval=40)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start()

    def _cancels(self) -> bool:
        return self.chance.random() < 0.2

    def _open(self, parent: Any = None, caption: str = "", *args: Any, **options: Any) -> tuple[str, str]:
        wanted = ".unetproj" if "project" in caption else ".safetensors" if _is_model(caption) else ".tif"
        names = sorted(path for path in self.folder.iterdir() if path.suffix == wanted)
        return ("" if self._cancels() or not names else str(self.chance.choice(names))), ""

    def _open_several(self, *args: Any, **options: Any) -> tuple[list[str], str]:
        names = sorted(path for path in self.folder.iterdir() if path.suffix in (".tif", ".png"))
        return ([] if self._cancels() else [str(self.chance.choice(names))]), ""

    def _save(
        self, parent: Any = None, caption: str = "", name: str = "", *args: Any, **options: Any
    ) -> tuple[str, str]:
        ending = Path(name).suffix or ".csv"
        return ("" if self._cancels() else str(self.folder / f"saved{self.chance.randrange(4)}{ending}")), ""

    def _directory(self, *args: Any, **options: Any) -> str:
        return "" if self._cancels() else str(self.folder / self.chance.choice(["images", "out", "none"]))

    def _question(self, *args: Any, **options: Any) -> Any:
        buttons = QMessageBox.StandardButton
        return self.chance.choice([buttons.Yes, buttons.Cancel])

    def _text(self, *args: Any, **options: Any) -> tuple[str, bool]:
        return self.chance.choice(["other", "tiny", "", "a/b", "cell, background"]), not self._cancels()

    def _color(self, *args: Any, **options: Any) -> QColor:
        return QColor() if self._cancels() else QColor(*(self.chance.randrange(256) for _ in range(3)))

    def _on_tick(self) -> None:
        """A dialog that everything waits for: press something in it, and then leave it by one of its buttons."""
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            self._presses = 0
            return
        self._presses += 1
        controls = usable_controls(dialog)
        if self._presses <= _MOST_PRESSES and controls:
            use(self.chance.choice(controls), self.chance)
        elif isinstance(dialog, QDialog) and self._presses <= 2 * _MOST_PRESSES:
            dialog.accept()
        else:
            dialog.close()


def _is_model(caption: str) -> bool:
    return "model" in caption.lower() or "classifier" in caption


def lay_out_files(folder: Path, scene: Any) -> None:
    """Images, masks and what is neither, to be opened."""
    (folder / "images").mkdir()
    (folder / "out").mkdir()
    image, labels = scene((64, 72))
    for where in (folder, folder / "images"):
        tifffile.imwrite(where / "one.tif", image)
        tifffile.imwrite(where / "one_masks.tif", labels.astype(np.uint16))
        tifffile.imwrite(where / "two.tif", image[::-1])
    stack, _ = scene((3, 60, 64))
    tifffile.imwrite(folder / "frames.ome.tif", stack, metadata={"axes": "TYX"})
    (folder / "broken.tif").write_bytes((folder / "one.tif").read_bytes()[:300])
    (folder / "empty.png").write_bytes(b"")
