"""A viewer with the panel docked, and images to work on."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from shared_window import SharedWindow

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import Session, get_session


@pytest.fixture(scope="session")
def _window(qapp: Any) -> Iterator[SharedWindow]:
    with pytest.MonkeyPatch.context() as patch:
        window = SharedWindow(patch)
        # napari collects garbage each time that a layer goes: it need not look at what stays.
        gc.collect()
        gc.freeze()
        yield window
        window.close()


@pytest.fixture
def viewer(_window: SharedWindow, qtbot: Any) -> Iterator[Any]:
    """A viewer that nobody sees, as if it were new; `own_viewer` is one for a test alone, which takes a second more."""
    with _window.lent() as viewer:
        yield viewer


@pytest.fixture
def screenings() -> None:
    """For tests in which the program looks at labels by itself, with the model, and tells what is suspicious."""


@pytest.fixture(autouse=True)
def _full_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs get their share of a busy machine: at the lowest priority, seconds of work take longer than a test may."""
    monkeypatch.setattr("napari_unet.ui.session.running.threads.yield_to_window", lambda: None)


@pytest.fixture(autouse=True)
def _screenings_if_asked_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nobody waits for it, but the end of each test would, until the model is loaded and has looked."""
    if "screenings" not in request.fixturenames:
        monkeypatch.setattr("napari_unet.ui.correct.queue.screening.SETTLE_MS", 10**8)


@pytest.fixture
def own_viewer(make_napari_viewer: Callable[..., Any]) -> Iterator[Any]:
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
