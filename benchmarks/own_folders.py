"""Folders of a benchmark's own, in place of the user's: what it leaves there when it is killed is nobody's work.

To import it is enough; before napari and the package, which read then where their folders are.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="napari-unet-benchmark-")  # gone with the program
FOLDER = Path(_folder.name)
os.environ["NAPARI_CONFIG"] = ""
os.environ["XDG_CONFIG_HOME"] = str(FOLDER / "settings")
os.environ["NAPARI_UNET_RECOVERY"] = str(FOLDER / "recovery")
