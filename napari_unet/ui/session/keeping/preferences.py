"""What the user set under napari's Preferences for this plugin: see `configurations` in the manifest.

Preferences are how the window begins; what is chosen in the window is chosen for the work at hand.
"""

from __future__ import annotations

import os
from typing import Any

DISTRIBUTION = "napari-unet-finetune"
_USUAL: dict[tuple[str, str], Any] = {
    ("segmenting", "device"): "auto",
    ("segmenting", "threads"): 0,
    ("fine_tuning", "live_preview"): True,
    ("files", "models_folder"): "",
    ("files", "keys_file"): "",
    ("help", "show_tour"): True,
}


def preference(part: str, name: str) -> Any:
    """One of the preferences; the usual value where napari does not know the plugin's (a panel in a script)."""
    settings = _settings()
    return getattr(getattr(settings, part, None), name, _USUAL[part, name])


def set_preference(part: str, name: str, value: Any) -> None:
    """Keep it for the next start, if napari knows the plugin's preferences."""
    group = getattr(_settings(), part, None)
    if group is not None and hasattr(group, name):
        setattr(group, name, value)


def preferences_known() -> bool:
    """Whether napari has the plugin's preferences, and so keeps what is set there."""
    return _settings() is not None


def use_models_folder() -> None:
    """Have the folder of models that was set; an environment variable goes before it."""
    folder = preference("files", "models_folder")
    if folder:
        os.environ.setdefault("NAPARI_UNET_MODELS", str(folder))


def use_threads() -> None:
    """Compute with as many threads as were set; an environment variable goes before it, and so does what runs already.

    OpenMP reads the variable as torch is loaded, which happens after the window stands.
    """
    threads = preference("segmenting", "threads")
    if threads:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def _settings() -> Any:
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings(DISTRIBUTION)
    except KeyError:  # not installed as a plugin
        return None
