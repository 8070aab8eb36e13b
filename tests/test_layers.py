"""Imports go downwards only, and below the window nothing knows napari or Qt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# In a new process whose imports of napari and Qt fail, as where they are not installed.
_IMPORT_ALL = """
import importlib, pkgutil, sys

class Absent:
    names = "napari npe2 qtpy magicgui superqt pyqtgraph vispy PyQt5 PyQt6 PySide2 PySide6".split()
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import napari_unet

names = [m.name for m in pkgutil.walk_packages(napari_unet.__path__, "napari_unet.", onerror=lambda name: None)]
below = [n for n in names if not n.startswith("napari_unet.ui") and not n.endswith("__main__")]
for name in below:
    importlib.import_module(name)
for name in napari_unet.__all__:
    getattr(napari_unet, name)
print(len(below))
"""

_MODULES_AFTER = """
import sys
import {module}
print(*sorted(sys.modules))
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_import_contracts_hold() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script, "--no-cache"], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_package_below_the_window_imports_without_qt() -> None:
    assert int(_run(_IMPORT_ALL)) > 20


def test_importing_the_package_or_the_command_line_leaves_torch_alone() -> None:
    for module in ("napari_unet", "napari_unet.cli", "napari_unet.models.library"):
        loaded = _run(_MODULES_AFTER.format(module=module)).split()
        assert module in loaded
        assert "torch" not in loaded, module
        assert "napari" not in loaded, module
