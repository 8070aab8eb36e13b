"""What holds in all tests of a real window."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _full_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs get their share of a busy machine: at the lowest priority, seconds of work take longer than a test may."""
    monkeypatch.setattr("napari_unet.ui.session.running.threads.yield_to_window", lambda: None)
