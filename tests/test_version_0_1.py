"""What version 0.1 made opens unchanged, and the shipped model says of the samples what it said then."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet import load_model, segment
from napari_unet.images.files.sample_data import sample_path
from napari_unet.project.opening import open_project

KEPT = Path(__file__).parent / "fixtures" / "version_0_1"
KNOWN: dict[str, Any] = json.loads((KEPT / "labels.json").read_text())


def check_labels(labels: np.ndarray, known: dict[str, Any], before: np.ndarray) -> None:
    """Bit for bit as before; or, where another processor sums float32 in another order, as good as that."""
    array = np.ascontiguousarray(labels, np.int32)
    assert list(array.shape) == known["shape"]
    if hashlib.sha256(array.tobytes()).hexdigest() != known["sha256"]:
        assert len(np.unique(array)) - 1 == known["objects"]
        assert np.mean(array == before) >= 0.999


@pytest.mark.parametrize("name", ["nuclei_2d", "nuclei_3d", "nuclei_timelapse", "two_channel", "membranes"])
def test_the_shipped_model_says_of_the_samples_what_it_said(name: str) -> None:
    found = segment(sample_path(name), load_model("nuclei-2d"), device="cpu", precision="float32", stack="slices")
    check_labels(found.labels, KNOWN[name], np.load(KEPT / f"{name}.npz")["labels"])
    assert found.diameter == pytest.approx(KNOWN[name]["diameter"], rel=1e-3)


def test_a_model_that_was_fine_tuned_then_segments_as_it_did() -> None:
    child = load_model(KEPT / "child.safetensors")
    assert child.record.parent_name == "tiny"
    assert child.record.training.steps == 4  # as many as there was time for
    found = segment(KEPT / "field.tif", child, device="cpu", precision="float32", diameter=29.0)
    check_labels(found.labels, KNOWN["child_on_field"], np.load(KEPT / "project_arrays.npz")["prediction"])


def test_a_project_of_then_opens_with_all_that_was_in_it(tmp_path: Path) -> None:
    for name in ("work.unetproj", "field.tif"):
        shutil.copy(KEPT / name, tmp_path)
    project = open_project(tmp_path / "work.unetproj")
    try:
        [(number, reference)] = project.images().items()
        for role, before in np.load(KEPT / "project_arrays.npz").items():
            np.testing.assert_array_equal(project.read_array(number, role), before, err_msg=role)
        assert project.locked(number) == {999}
        assert reference.details["diameter"] == 29.0
        assert reference.details["diameter_estimated"] is True
    finally:
        project.close()
