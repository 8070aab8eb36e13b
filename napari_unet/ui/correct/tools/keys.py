"""Which key does what: the keys of our actions, as the user wants them, kept in one small file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs
from app_model.types import KeyBinding, KeyCode
from napari.settings import get_settings
from psygnal import Signal

from napari_unet.errors import UserError
from napari_unet.ui.correct.tools.actions import Action
from napari_unet.ui.session.keeping.preferences import preference

# Of napari's shortcuts, these act while a labels layer is selected.
_NAPARI_PARTS = ("label", "polygon", "brush", "dims", "visibility", "ndisplay", "pan_zoom", "axes", "grid", "view")
_OTHER_LAYERS = ("image", "points", "shapes", "vectors", "tracks", "surface", "activate_add", "orient_plane")
_FIXED = {"Ctrl+Z": "undo", "Ctrl+Shift+Z": "redo"}


def keys_file() -> Path:
    """Where the changed keys are kept: the file of napari's preferences, or the usual one."""
    chosen = preference("files", "keys_file")
    return Path(chosen) if chosen else platformdirs.user_config_path("napari-unet") / "keys.json"


def normalize_key(key: str) -> str:
    """A key as napari writes it ("Shift+D"); raises `UserError` if it is none."""
    try:
        binding = KeyBinding.from_str(key.replace("-", "+") if len(key) > 1 else key)
    except (ValueError, KeyError) as error:
        raise UserError(f"{key} is not a key that can be used here. Choose a letter, alone or with Shift.") from error
    if len(binding.parts) != 1 or binding.parts[0].key in (None, KeyCode.UNKNOWN):
        raise UserError(f"{key} is not a key that can be used here. Choose a letter, alone or with Shift.")
    return str(binding)


def napari_keys() -> dict[str, str]:
    """Keys that napari uses while a labels layer is selected, each with what it does."""
    found = dict(_FIXED)
    for name, keys in get_settings().shortcuts.shortcuts.items():
        words = name.removeprefix("napari:")
        if any(part in words for part in _NAPARI_PARTS) and not any(part in words for part in _OTHER_LAYERS):
            found.update({str(key): words.replace("_", " ") for key in keys})
    return found


class KeyTable:
    """The key of each action: the usual one, unless the user chose another. `changed` gives the keys of before."""

    changed = Signal(frozenset)

    def __init__(self, actions: Iterable[Action], path: Path) -> None:
        self._actions = {action.name: action for action in actions if action.key}
        self._path = path
        self._chosen: dict[str, str] = {}
        self.problem = ""
        self._read()

    def key_of(self, action: Action) -> str:
        """The key of an action as napari writes it; "" if it has none of ours."""
        return self._chosen.get(action.name) or (normalize_key(action.key) if action.key else "")

    def choose(self, name: str, key: str) -> None:
        """Give an action another key, and keep it for later; raises `UserError` if the key is taken."""
        key = normalize_key(key)
        self._check(name, key)
        before = self._keys()
        self._chosen[name] = key
        if key == normalize_key(self._actions[name].key):
            del self._chosen[name]
        self._write()
        self.changed.emit(before)

    def reset(self) -> None:
        """Go back to the usual keys."""
        before = self._keys()
        self._chosen.clear()
        self._write()
        self.changed.emit(before)

    def _keys(self) -> frozenset[str]:
        return frozenset(self.key_of(action) for action in self._actions.values())

    def _check(self, name: str, key: str) -> None:
        taken = napari_keys().get(key)
        if taken is not None:
            raise UserError(f"{key} is a key of napari's for labels ({taken}). Choose another one.")
        other = next((a for a in self._actions.values() if a.name != name and self.key_of(a) == key), None)
        if other is not None:
            raise UserError(f"{key} is the key of {other.title} already. Choose another one, or change that one first.")

    def _read(self) -> None:
        """Take over what was chosen; what cannot be used any more is left out, and `problem` says so."""
        try:
            chosen = json.loads(self._path.read_text(encoding="utf8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError):
            self.problem = f"Your own keys could not be read from {self._path}: the usual ones are in use."
            return
        for name, key in chosen.items() if isinstance(chosen, dict) else ():
            self._take_over(name, key)

    def _take_over(self, name: str, key: Any) -> None:
        if name not in self._actions:
            return
        try:
            key = normalize_key(str(key))
            self._check(name, key)
        except UserError as error:
            self.problem = str(error)
        else:
            self._chosen[name] = key

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._chosen, indent=1), encoding="utf8")
        except OSError as error:
            raise UserError(
                f"The keys are changed, but could not be kept in {self._path}: {error.strerror}."
            ) from error


@lru_cache(maxsize=1)
def key_table() -> KeyTable:
    """The keys of this program: one table for all windows."""
    from napari_unet.ui.correct.tools.actions import ACTIONS

    return KeyTable(ACTIONS, keys_file())
