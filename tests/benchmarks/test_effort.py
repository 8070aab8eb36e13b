"""`benchmarks/effort.py` apart from training: dense labels, continuing a session, what is run, and the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from effort import Cell, plan_cells
from effort_images import PER_IMAGE, Picture, label_densely
from effort_report import print_table, print_verdicts
from effort_session import Session
from effort_settings import as_segmented, by_hand, print_settings, tell

from napari_unet.images.image import Image
from napari_unet.models.library import load_model


def picture(seed: int = 0) -> Picture:
    """Discs of 20 pixels in a grid, bright on dark."""
    rows, columns = np.ogrid[:160, :160]
    inside = np.hypot(rows % 40 - 20, columns % 40 - 20) < 10
    truth = np.where(inside, rows // 40 * 4 + columns // 40 + 1, 0).astype(np.int32)
    pixels = np.random.default_rng(seed).normal(100, 5, truth.shape) + 100 * (truth > 0)
    return Picture(Image.from_array(pixels.astype(np.float32), "YX"), truth, f"discs {seed}")


@pytest.mark.parametrize("k", [1, 5, 7, 25, 32])
def test_dense_labels_hold_exactly_as_many_objects(k: int) -> None:
    found = label_densely([picture(0), picture(1)], k, np.random.default_rng(0))
    assert sum(len(np.unique(one.labels)) - 1 for one in found) == k
    assert len(found) == (2 if k > PER_IMAGE else 1)
    for one in found:
        assert one.reviewed[one.labels > 0].all()
        left_out = (picture().truth > 0) & (one.labels == 0)
        assert not one.reviewed[left_out].any()
        assert (one.reviewed & (one.labels == 0)).any()


def test_more_dense_labels_than_there_are_objects_are_all_of_them() -> None:
    found = label_densely([picture()], 100, np.random.default_rng(0))
    np.testing.assert_array_equal(found[0].labels > 0, picture().truth > 0)


def test_a_session_goes_on_from_disk_as_it_would_have_without(tmp_path: Path) -> None:
    model = load_model("nuclei-2d")
    pictures = [picture(0), picture(1)]
    for one in pictures:  # so that there is something to correct
        one.truth[one.truth % 2 == 0] = 0
    through, first, then = (Session(pictures, model, seed=3) for _ in range(3))
    through.correct_until(3)
    through.correct_until(7)
    first.correct_until(3)
    first.save(tmp_path / "state")
    assert then.restore(tmp_path / "state")
    then.correct_until(7)
    assert through.n_corrected == then.n_corrected == 7
    assert through.kinds == then.kinds == {"false": 7}
    assert through.opened == then.opened
    assert through.outlines == then.outlines == 0.0
    for one, other in zip(through.corrections(), then.corrections(), strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.reviewed, other.reviewed)
    assert not Session(pictures, model).restore(tmp_path / "nothing")


def test_the_user_stops_where_nothing_is_wrong() -> None:
    session = Session([picture()], load_model("nuclei-2d"))
    session.correct_until(1000)
    assert session.n_corrected <= 16
    assert not session.n_corrected or session.corrections()


def test_cells_are_chosen_by_patterns_and_come_in_the_order_in_which_they_need_each_other() -> None:
    cells = list(plan_cells(2, ["chloro*/corrected/*", "*/base/0"]))
    assert Cell("chloroplast_em", 1, "corrected", 100) in cells
    assert {cell.arm for cell in cells} == {"base", "corrected"}
    names = [cell.name for cell in plan_cells(1, [])]
    assert names.index("chloroplast_em/0/corrected/25") < names.index("chloroplast_em/0/corrected/50")


def test_the_gain_is_a_share_of_what_all_labels_give(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [("base", 0, 0, 0.2), ("all", 0, 0, 0.6), ("corrected", 0, 25, 0.4), ("corrected", 1, 25, 0.5)]
    keys = {"ap50": 0.5, "base_ap50": 0.9, "total": 60.0}
    print_table([{"kind": "x", "arm": arm, "order": order, "k": k, "ap": ap, **keys} for arm, order, k, ap in cells])
    assert "| x | corrected | 25 | 2 | 0.450 (0.400 to 0.500) |" in (printed := capsys.readouterr().out)
    assert "| 0.62 (0.50 to 0.75) |" in printed
    assert printed.splitlines()[2].endswith("| 60 | 1.0 |")  # the base: nothing but what was waited for


def test_verdicts_are_counted_by_what_children_did_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    told = [(True, 0.5), (True, 0.3), (None, 0.5), (False, 0.3), (False, 0.4)]
    rows = [{"better": better, "parent_ap": 0.4, "child_ap": ap} for better, ap in told]
    here = rows[0] | {"said": "Better on this image; others may differ."}
    print_verdicts([*rows, here, {"k": 0}])
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split(" | ")[:6] for line in lines] == [
        ["| better", "2", "1", "1", "50 %", "90 %"],
        ["| better on these images", "1", "1", "0", "100 %", ""],
        ["| cannot tell", "1", "1", "0", "", ""],
        ["| not better", "2", "0", "1", "100 %", "80 %"],
    ]


def test_types_with_roles_of_their_own_are_run_if_they_are_named() -> None:
    assert {cell.kind for cell in plan_cells(1, ["phase_t98g/0/corrected/5"])} == {"phase_t98g"}
    assert "phase_t98g" not in {cell.kind for cell in plan_cells(1, [])}


def test_sizes_are_told_to_training_and_segmentation_or_to_neither() -> None:
    told, untold = (tell([picture()], sizes)[0] for sizes in (True, False))
    assert told.told_diameter == pytest.approx(20, abs=1)
    assert untold.told_diameter is None
    views = [one.corrected(one.truth, one.truth > 0).view.diameter for one in (told, untold)]
    assert views == [told.diameter, None]


def test_what_nobody_tells_is_what_the_model_saw_when_it_segmented() -> None:
    one = tell([picture()], False)[0]
    seen = as_segmented(one.corrected(one.truth, one.truth > 0), load_model("nuclei-2d"))
    assert seen.view.estimated
    assert seen.view.diameter == pytest.approx(20, rel=0.25)
    np.testing.assert_array_equal(seen.labels, one.truth)


def test_what_is_told_by_hand_is_all_that_changes() -> None:
    parent = load_model("nuclei-2d")
    wide = replace(parent, record=parent.record.model_copy(update={"outline": 2.0})).with_others([parent])
    assert by_hand(wide, ["kind"]).others == ()
    assert by_hand(wide, ["kind"]).record.outline == 2.0
    assert by_hand(wide, ["outline"]).record.outline == 0.0
    assert len(by_hand(wide, ["outline"]).others) == 1


def test_the_default_stands_beside_the_oracle_of_the_same_order_and_is_marked_if_it_is_far_below(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {"size": 0.41, "kind": 0.42, "outline": 0.43, "all": 0.44}
    cells = [("default", 0, 0.4), ("oracle", 0, 0.42), ("default", 1, 0.4), ("oracle", 1, 0.45), ("default", 2, 0.4)]
    print_settings(
        [{"kind": "x", "k": 25, "arm": arm, "order": order, "ap": ap, "told": told} for arm, order, ap in cells]
    )
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split(" | ")[:5] for line in lines] == [
        ["| x", "25", "0.400", "0.420", "-0.020"],
        ["| x", "25", "0.400", "0.450", "-0.050 (!)"],
    ]
    assert lines[0].endswith("| 0.410 | 0.420 | 0.430 | 0.440 |")
