"""The Correct step."""

from __future__ import annotations

from napari_unet.ui.session import Session
from napari_unet.ui.step import Step


class CorrectStep(Step):
    title = "Correct"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.set_state("segment the image first")
