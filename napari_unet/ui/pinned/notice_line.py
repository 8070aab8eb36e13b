"""The line that tells what was taken away, with the button that brings it back."""

from __future__ import annotations

from napari_unet.ui.session.keeping.notices import get_notices
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.step import MessageLine


class NoticeLine(MessageLine):
    """Shows the session's notice; putting it away forgets it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._notices = get_notices(session)
        listen(self, self._notices.changed, self._refresh)
        self._refresh()

    def clear(self) -> None:
        super().clear()
        self._notices.clear()

    def _refresh(self) -> None:
        notice = self._notices.current
        if notice is None:
            super().clear()
        else:
            kind = "error" if notice.wrong else "info"
            self.show_text(notice.sentence, kind, None, (notice.remedy, notice.act))
