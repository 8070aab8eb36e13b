"""Which model is used, read from its file once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_unet.errors import UserError
from napari_unet.models import library

if TYPE_CHECKING:
    from napari_unet.models.library import ModelEntry
    from napari_unet.models.model import Model

_FRESH_SECONDS = 0.05


class ModelInUse:
    """The model that the user chose, while it exists; else the library's default."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._loaded: tuple[str, Model] | None = None  # by the hash of its file
        self._seen: tuple[float, ModelEntry | None] | None = None  # when the folder was looked at, and what was there

    @property
    def entry(self) -> ModelEntry | None:
        """None if there is no model at all. The folder is looked at once a click, of which many controls ask."""
        now = time.monotonic()
        if self._seen is None or now - self._seen[0] > _FRESH_SECONDS:
            self._seen = now, self._find()
        return self._seen[1]

    def look_again(self) -> None:
        """The library has another content."""
        self._seen = None

    def _find(self) -> ModelEntry | None:
        entries = {entry.name: entry for entry in library.list_models()}
        if self._name in entries:
            return entries[self._name]
        try:
            return entries.get(library.default_model_name())
        except UserError:
            return next(iter(entries.values()), None)

    def choose(self, name: str | None, remember: bool) -> None:
        """Use the model of this name from now on (None: the shipped one); `remember` it for the next start."""
        if remember:
            library.set_default_model(name)
        self._name = name
        self.look_again()

    def loader(self) -> Callable[[], Model]:
        """A function for the worker thread that gives the model; raises `UserError` if there is none."""
        entry = self.entry
        if entry is None:
            raise UserError("There is no model: open Models and import one.")

        def load() -> Model:
            if self._loaded is None or self._loaded[0] != entry.sha256:
                self._loaded = (entry.sha256, library.load_model(entry.path))
            return self._loaded[1]

        return load
