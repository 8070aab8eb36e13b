"""What the first *Segment* needs is loaded in a thread once the window stands."""

from __future__ import annotations

import os
import subprocess
import sys

_WARM = """
import sys
from napari_unet.ui.session.running.warming import warm_up
assert "torch" not in sys.modules
loaded = []
thread = warm_up(lambda: loaded.append(True))
thread.join(120)
from vispy.visuals.line.dash_atlas import _make_pattern
print("torch" in sys.modules, "napari_unet.segmentation.segment" in sys.modules, loaded, warm_up(print))
print(_make_pattern.cache_info().currsize > 0)
"""


def test_torch_and_the_model_are_loaded_in_a_thread_once() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NAPARI_UNET_NO_WARMING"}
    done = subprocess.run([sys.executable, "-c", _WARM], capture_output=True, text=True, timeout=150, env=environment)
    first, lines, *_ = done.stdout.split("\n")
    assert first == "True True [True] None", done.stderr[-2000:]
    assert lines == "True", "vispy keeps its patterns of dashes otherwise: the first labels take half a second longer"
