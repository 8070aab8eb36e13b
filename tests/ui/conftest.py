"""A viewer with the panel docked, and images to work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import Session, get_session


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    viewer = make_napari_viewer()
    yield viewer
    get_session(viewer).close()


@pytest.fixture
def session(viewer: Any) -> Session:
    return get_session(viewer)


@pytest.fixture
def panel(viewer: Any) -> UNetPanel:
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    return panel


@pytest.fixture
def blobs() -> np.ndarray:
    """A small image (64, 80) uint16 with four bright squares."""
    image = np.full((64, 80), 100, np.uint16)
    for row in (8, 36):
        for column in (10, 45):
            image[row : row + 16, column : column + 18] = 1000
    return image


@pytest.fixture
def wait_until_idle(qtbot: Any) -> Callable[[Session], None]:
    def wait(session: Session) -> None:
        qtbot.waitUntil(lambda: session.job is None)

    return wait
