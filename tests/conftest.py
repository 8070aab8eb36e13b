"""What every test gets: no user folders, no network, one torch thread, and the real images where they are at hand."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before napari, torch or numba look: nothing is read from or written to the developer's own settings.
_SETTINGS = tempfile.TemporaryDirectory(prefix="napari-unet-tests-")
os.environ["NAPARI_CONFIG"] = ""
os.environ["NAPARI_UNET_NO_TOUR"] = os.environ["NAPARI_UNET_NO_WARMING"] = "1"
os.environ["XDG_CONFIG_HOME"] = str(Path(_SETTINGS.name) / "config")
os.environ["XDG_DATA_HOME"] = str(Path(_SETTINGS.name) / "data")
# Many tests start processes: what these import is compiled once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Networks are tiny here: a second thread gains nothing, and on a busy machine the threads wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Processes side by side (pytest-xdist) have a screen each: windows on one screen take each other's keyboard.
if (_screens := os.environ.get("DISPLAYS", "").split()) and (_worker := os.environ.get("PYTEST_XDIST_WORKER")):
    os.environ["DISPLAY"] = _screens[int(_worker.removeprefix("gw")) % len(_screens)]

# A developer's run looks for new counterexamples; the automatic checks try the same ones each time. No example has a
# time limit of its own: a busy machine is no error.
settings.register_profile("developer", deadline=None)
settings.register_profile("automatic", deadline=None, derandomize=True)
settings.load_profile("automatic" if os.environ.get("CI") else "developer")

PATIENCE = 600
"""Seconds after which what is waited for will never come: a busy machine is no error."""

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def _real_images() -> Path:
    return Path(os.environ.get("NAPARI_UNET_DATA", _BESIDE_CHECKOUT))


def pytest_configure() -> None:
    """Windows are waited for with patience, whatever a test says."""
    from pytestqt.qtbot import QtBot

    wait = QtBot.waitUntil

    def wait_patiently(self: QtBot, callback: Callable[[], object], *, timeout: int = 0) -> None:
        wait(self, callback, timeout=max(timeout, 1000 * PATIENCE))

    QtBot.waitUntil = QtBot.wait_until = wait_patiently


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs something this machine has not."""
    no_data = pytest.mark.skip(reason=f"the real images are not at {_real_images()} (set NAPARI_UNET_DATA)")
    no_screen = pytest.mark.skip(reason="no display: run through scripts/with_screen.sh, as make test does")
    has_data = _real_images().is_dir()
    has_screen = bool(os.environ.get("DISPLAY")) and os.environ.get("QT_QPA_PLATFORM") != "offscreen"
    for item in items:
        if not has_data and ("shared_data" in item.keywords or "data_dir" in getattr(item, "fixturenames", ())):
            item.add_marker(no_data)
        if not has_screen and "real_window" in item.keywords:
            item.add_marker(no_screen)


def pytest_collection_finish() -> None:
    """What was imported stays: napari collects garbage whenever a layer goes, and need not look at all of it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real images; a test that asks for it is skipped where they are missing."""
    return _real_images()


@pytest.fixture(autouse=True)
def models_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a model folder of its own, in place of the user's; returns it."""
    folder = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("NAPARI_UNET_MODELS", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _no_leftover_settings() -> Iterator[None]:
    yield
    _SETTINGS.cleanup()


@pytest.fixture
def tiny_model():
    """An untrained 2D model of a few thousand parameters."""
    import torch

    from napari_unet.models.architecture import UNetConfig
    from napari_unet.models.model import Model
    from napari_unet.models.record import ModelRecord
    from napari_unet.models.unet import UNet

    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    record = ModelRecord(name="tiny", architecture=architecture, diameter=18.0)
    return Model(UNet(architecture).eval(), record, sha256="0" * 64)


@pytest.fixture
def discs():
    """A corrected image of discs, all of it reviewed."""
    from discs import correct_all, draw_discs

    image, labels = draw_discs()
    return correct_all(image, labels)
