"""Which model is used, read from its file once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_unet.errors import UserError
from napari_unet.models import library

if TYPE_CHECKING:
    from napari_unet.models.library import ModelEntry
    from napari_unet.models.model import Model


class ModelInUse:
    """The model that the user chose, while it exists; else the library's default."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._loaded: tuple[str, Model] | None = None  # by the hash of its file

    @property
    def entry(self) -> ModelEntry | None:
        """None if there is no model at all."""
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
