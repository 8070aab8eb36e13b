"""`napari-unet restore` learns, restores, and keeps the model; what cannot be is told in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

Run = Callable[..., Any]
QUICK = ("--max-steps", 8, "--base-channels", 8, "--depth", 1, "--patch", 32, "--batch-size", 4, "--device", "cpu")


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A noisy picture with a pixel size; `clean.tif` beside it is what is behind the noise."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:64, :80]
    clean = 1000 + 400 * np.sin(y / 7) * np.cos(x / 9)
    tifffile.imwrite(tmp_path / "clean.tif", clean.astype(np.uint16))
    path = tmp_path / "noisy.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(path, (clean + random.normal(0, 100, clean.shape)).astype(np.uint16), metadata=metadata, ome=True)
    return path


def rmse(path: Path, clean: Path) -> float:
    return float(np.sqrt(np.mean((tifffile.imread(path).astype(float) - tifffile.imread(clean)) ** 2)))


def test_it_denoises_and_a_saved_model_does_the_same(run: Run, noisy: Path) -> None:
    folder, clean = noisy.parent, noisy.parent / "clean.tif"
    ran = run("restore", noisy, "--output", folder / "out.tif", "--save", folder / "m.safetensors", *QUICK, "--json")
    assert ran.code == 0, ran.err
    assert rmse(folder / "out.tif", clean) < 0.5 * rmse(noisy, clean)
    assert tifffile.imread(folder / "out.tif").dtype == np.uint16
    with tifffile.TiffFile(folder / "out.tif") as file:
        assert 'PhysicalSizeX="0.25"' in file.ome_metadata
    ran = run("restore", noisy, "--model", folder / "m.safetensors", "--output", folder / "again", "--json")
    assert ran.code == 0, ran.err
    again = Path(ran.answer["outputs"][0])
    np.testing.assert_array_equal(tifffile.imread(again), tifffile.imread(folder / "out.tif"))


def test_pairs_have_a_held_out_score(run: Run, noisy: Path) -> None:
    ran = run(
        "restore", noisy, "--clean", noisy.parent / "clean.tif", "--output", noisy.parent / "out.tif", *QUICK, "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.answer["held_out_gain_db"] > 3


def test_slices_of_a_stack_come_closer_and_the_unsure_is_written(run: Run, tmp_path: Path) -> None:
    y, x = np.mgrid[:40, :48]
    stack = np.stack([1000 + 400 * np.sin(y / 7) * np.cos((x + 2 * z) / 9) for z in range(5)]).astype(np.uint16)
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 1.0}
    tifffile.imwrite(tmp_path / "s.ome.tif", stack, metadata=metadata, ome=True)
    ran = run(
        "restore", tmp_path / "s.ome.tif", "--task", "isotropic", "--uncertainty", "--output", tmp_path / "out.ome.tif",
        *QUICK, "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.answer["unsure"] == [str(tmp_path / "out_unsure.ome.tif")]
    with tifffile.TiffFile(tmp_path / "out.ome.tif") as file:
        assert file.series[0].shape == (9, 40, 48)
        assert 'PhysicalSizeZ="0.5"' in file.ome_metadata
    assert tifffile.imread(tmp_path / "out_unsure.ome.tif").shape == (9, 40, 48)


@pytest.mark.parametrize(
    ("options", "what"),
    [(("--task", "synthesize"), "pairs are needed"), (("--base-channels", 1), "at least 4")],
)
def test_what_cannot_be_is_told(run: Run, noisy: Path, options: Any, what: str) -> None:
    ran = run("restore", noisy, "--output", noisy.parent / "out.tif", *QUICK, *options)
    assert ran.code == 2
    assert what in ran.sentence
    ran = run("restore", noisy, "--output", noisy)
    assert "never overwritten" in ran.sentence
