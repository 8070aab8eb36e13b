"""napari finds the plugin, and everything that the manifest names exists."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import napari_unet

npe2 = pytest.importorskip("npe2")
PACKAGE = Path(napari_unet.__file__).parent


@pytest.fixture(scope="module")
def manifest() -> npe2.PluginManifest:
    return npe2.PluginManifest.from_file(PACKAGE / "napari.yaml")


def test_manifest_is_valid_down_to_its_functions(manifest: npe2.PluginManifest) -> None:
    manifest.validate_imports()
    assert manifest.name == "napari-unet-finetune"


def test_every_contribution_names_a_command_that_exists(manifest: npe2.PluginManifest) -> None:
    contributions = manifest.contributions
    commands = {command.id for command in contributions.commands}
    assert all(command.startswith("napari-unet-finetune.") for command in commands)
    used = [item.command for item in (*contributions.widgets, *contributions.sample_data)]
    used += [item.command for menu in contributions.menus.values() for item in menu]
    assert used
    assert set(used) <= commands


def test_menus_are_ones_that_napari_shows(manifest: npe2.PluginManifest) -> None:
    # napari 0.9 drops others in silence
    assert set(manifest.contributions.menus) <= {f"napari/layers/{name}" for name in ("segment", "annotate", "measure")}


def test_root_manifest_is_the_same_file() -> None:
    root = PACKAGE.parent / "napari.yaml"
    assert root.read_text() == (PACKAGE / "napari.yaml").read_text()


def test_opening_targets_do_not_import_torch(manifest: npe2.PluginManifest) -> None:
    import subprocess

    targets = sorted({command.python_name.split(":")[0] for command in manifest.contributions.commands})
    code = "import sys\n" + "\n".join(f"import {t}" for t in targets) + "\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


def test_installed_distribution_announces_the_manifest() -> None:
    found = [e.value for e in entry_points(group="napari.manifest") if e.name == "napari-unet-finetune"]
    if not found:
        pytest.skip("the package is not installed here (pip install -e .)")
    assert set(found) == {"napari_unet:napari.yaml"}
