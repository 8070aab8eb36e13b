"""The demo scores only what nobody corrected, its user corrects only what is wrong, and it runs from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari")

from napari_unet.errors import UserError
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.ui.demo import run as demo
from napari_unet.ui.demo.picture import SCALE, draw_labels, draw_reviewed, grey_to_rgb, join_panels
from napari_unet.ui.demo.score import score_untouched, touched_area
from napari_unet.ui.demo.user import look_for_errors, wait_until


def cells() -> np.ndarray:
    """Four square cells side by side (2, 10, 40), the same in both slices."""
    plane = np.repeat(np.arange(1, 5, dtype=np.int32), 10)[None].repeat(10, axis=0)
    return np.stack([plane, plane])


def test_perfect_labels_score_one_and_empty_ones_zero() -> None:
    truth = cells()
    touched = touched_area(truth, [1], None)
    right, n_cells = score_untouched(truth, truth + 7, touched)
    none, _ = score_untouched(truth, np.zeros_like(truth), touched)
    assert (right.average_precision()[0.5], none.average_precision()[0.5]) == (1.0, 0.0)
    assert (right.n_truth, n_cells) == (6, 3)


def test_corrected_cells_and_what_lies_on_them_do_not_count_in_any_slice() -> None:
    truth = cells()
    labels = truth.copy()
    labels[labels == 1] = 0
    labels[:, :5, :5] = 50  # wrong, but on the corrected cell
    tally, _ = score_untouched(truth, labels, touched_area(truth, [1], None))
    assert tally.average_precision()[0.5] == 1.0


def test_a_cell_under_a_reviewed_pixel_does_not_count() -> None:
    truth = cells()
    reviewed = np.zeros_like(truth)
    reviewed[1, 3, 25] = 1
    tally, n_cells = score_untouched(truth, np.zeros_like(truth), touched_area(truth, [], reviewed))
    assert (tally.n_truth, n_cells) == (6, 3)


def test_wrong_labels_on_other_cells_count() -> None:
    truth = cells()
    labels = truth.copy()
    labels[:, :, 20:] = 9  # two cells in one
    tally, _ = score_untouched(truth, labels, touched_area(truth, [1], None))
    assert tally.average_precision()[0.5] < 0.7


def test_the_user_draws_only_wrong_cells_that_are_wholly_in_view() -> None:
    truth = cells()[0]
    labels = truth.copy()
    labels[:, 10:20] = 1  # the second cell is part of the first
    view = look_for_errors(truth, labels, (slice(0, 10), slice(0, 35)))
    assert view.cells == (1, 2, 3)
    assert view.wrong == (1, 2)
    np.testing.assert_array_equal(view.erase, truth <= 2)


def test_waiting_ends_with_a_sentence(qtbot: object) -> None:
    with pytest.raises(UserError, match="Tea took longer"):
        wait_until(lambda: False, 0.1, "Tea")


def test_pictures_show_labels_where_they_are() -> None:
    plane = np.linspace(0, 100, 800).reshape(20, 40)
    labels = np.zeros((20, 40), np.int32)
    labels[5:15, 10:20] = 3

    class Red:
        def map(self, values: np.ndarray) -> np.ndarray:
            return np.where(values[..., None] > 0, [1.0, 0, 0, 1], 0)

    grey = grey_to_rgb(plane)
    drawn = draw_labels(grey, labels, Red())
    changed = (drawn != grey).any(axis=-1)
    assert changed[10 * SCALE, 15 * SCALE]
    assert not changed[:, 25 * SCALE :].any()
    framed = draw_reviewed(grey, labels > 0, fill=0.0)
    assert (framed[10 * SCALE, 15 * SCALE] == grey[10 * SCALE, 15 * SCALE]).all()
    assert (framed != grey).any()
    assert join_panels({"one": grey, "two": drawn}, "sentence").size[0] > 2 * grey.shape[1]


def test_a_failure_is_a_sentence_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(output: Path) -> None:
        raise UserError("Segmenting took longer than 300 s.")

    monkeypatch.setattr(demo, "run_unattended", fail)
    assert demo.main(tmp_path, interactive=False) == 1
    assert "Segmenting took longer" in capsys.readouterr().err


@pytest.mark.real_window
@pytest.mark.timeout(900)
def test_the_whole_demo_in_a_real_window(tmp_path: Path) -> None:
    """A short training: enough to see that every step works and every file is there."""
    code = (
        "import sys; from pathlib import Path; from napari_unet.ui.demo.run import run_unattended; "
        "run_unattended(Path(sys.argv[1]), 10.0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=800, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["objects_corrected"] >= 5
    assert report["seconds_finetuning"] > 0
    assert 0 <= report["ap50_before"] < 0.8  # the model that ships has seen walls of cells, but simulated ones
    assert 0 <= report["ap50_after"] <= 1
    image = read_image(sample_path("membranes"))
    labels = read_labels(tmp_path / "labels.tif", image)
    assert labels.shape == image.shape
    assert labels.max() > 20
    for name in ("before_after", "window"):
        picture = np.asarray(Image.open(tmp_path / f"{name}.png"))
        assert picture.shape[1] > 1000
        assert picture.std() > 10
