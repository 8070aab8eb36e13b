"""The window of a folder of images and masks by itself: what it lists first, says, and lets be added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_unet.events import Failed
from napari_unet.ui.images import pairs_window
from napari_unet.ui.images.pairs_window import PairsWindow, summarize_pairs
from napari_unet.workflows.adopting import CheckedFolder, CheckedPair
from napari_unet.workflows.pairing import Pair, Pairing

IMAGES, MASKS = Path("images"), Path("masks")


def folder(fits: int = 0, wrong: int = 0, lonely: dict[str, tuple[str, ...]] | None = None, spare: int = 0) -> Any:
    checked = [
        CheckedPair(Pair(IMAGES / f"{number}.tif", MASKS / f"{number}.tif", None), problem)
        for number, problem in enumerate([""] * fits + ["It has another shape."] * wrong)
    ]
    alone = {IMAGES / name: near for name, near in (lonely or {}).items()}
    pairing = Pairing(tuple(one.pair for one in checked), alone, tuple(MASKS / f"s{n}.tif" for n in range(spare)))
    return CheckedFolder(IMAGES, MASKS, pairing, tuple(checked))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (folder(), "There are no images here: choose the folder that they are in."),
        (folder(fits=1), "1 pair fits."),
        (folder(fits=2, wrong=1), "2 pairs fit. 1 does not: rest the mouse there to see why."),
        (folder(wrong=3), "0 pairs fit. 3 do not: rest the mouse there to see why."),
        (folder(1, spare=1), "1 pair fits. 1 file of masks has no partner, and is left out."),
        (
            folder(1, lonely={"a.tif": (), "b.tif": ()}, spare=2),
            "1 pair fits. 2 images and 2 files of masks have no partner, and are left out.",
        ),
        (
            folder(1, lonely={"a.tif": ()}, spare=1),
            "1 pair fits. 1 image and 1 file of masks have no partner, and are left out.",
        ),
    ],
)
def test_what_was_found_is_told_in_numbers(found: CheckedFolder, told: str) -> None:
    assert summarize_pairs(found) == told


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the window asks to be looked at: how to bring it the answer."""
    asked: list[Any] = []
    monkeypatch.setattr(pairs_window, "run_errand", lambda work, done, *context: asked.append((work, done, context)))
    return asked


@pytest.fixture
def window(qtbot: Any, looks: list[Any]) -> PairsWindow:
    window = PairsWindow()
    qtbot.addWidget(window)
    return window


def answer(looks: list[Any], found: Any) -> None:
    _, done, context = looks.pop(0)
    done(found, *context)


def rows(window: PairsWindow) -> list[tuple[str, str, str]]:
    items = (window.table.topLevelItem(row) for row in range(window.table.topLevelItemCount()))
    return [(item.text(0), item.text(1), item.text(2)) for item in items]


def test_what_needs_a_look_comes_first_and_says_why(window: PairsWindow, looks: list[Any]) -> None:
    window.look(IMAGES, MASKS)
    assert (window.summary.text(), window.add_button.isEnabled()) == ("Looking at the files\u2026", False)
    answer(looks, folder(1, 1, {"a.tif": ("ab.tif",), "z.tif": ()}, 1))
    assert rows(window) == [
        ("1.tif", "1.tif", "does not fit"),
        ("a.tif", "none (nearest: ab.tif)", "\u2014"),
        ("z.tif", "none", "\u2014"),
        ("none", "s0.tif", "\u2014"),
        ("0.tif", "0.tif", "\u2713"),
    ]
    items = [window.table.topLevelItem(row) for row in range(5)]
    assert [item.toolTip(1) for item in items] == [
        "It has another shape.", "No masks of this name. Nearest: ab.tif", "No masks of this name.",
        "No image of this name.", f"{IMAGES / '0.tif'}\n{MASKS / '0.tif'}",
    ]  # fmt: skip
    assert [item.data(0, Qt.ItemDataRole.UserRole) for item in items] == [False] * 4 + [True]


def test_only_pairs_that_fit_are_added_and_only_once_they_are_known(window: PairsWindow, looks: list[Any]) -> None:
    added: list[Any] = []
    window.added.connect(added.append)
    window.buttons.accepted.emit()
    window.look(IMAGES, MASKS)
    answer(looks, folder(wrong=2))
    assert (window.add_button.isEnabled(), window.add_button.text()) == (False, "Add 0 images")
    window.buttons.accepted.emit()
    assert added == []
    window.look(IMAGES, MASKS)
    found = folder(fits=1, wrong=1)
    answer(looks, found)
    assert (window.add_button.isEnabled(), window.add_button.text()) == (True, "Add 1 image")
    window.buttons.accepted.emit()
    assert added == [(found.checked[0].pair,)]


def test_folders_that_were_chosen_meanwhile_are_not_mixed_up(window: PairsWindow, looks: list[Any]) -> None:
    window.look(Path("old"), Path("old"))
    window.look(IMAGES, MASKS)
    answer(looks, folder(fits=5))
    assert rows(window) == []
    assert window.found is None
    answer(looks, folder(fits=2))
    assert window.add_button.text() == "Add 2 images"


@pytest.mark.parametrize("found", ["There are no images here.", Failed("There are no images here.", ValueError())])
def test_what_went_wrong_is_a_sentence_that_goes_with_the_next_look(
    window: PairsWindow, looks: list[Any], found: Any
) -> None:
    window.look(IMAGES, MASKS)
    answer(looks, found)
    assert window.message.text == "There are no images here."
    assert (window.summary.text(), window.add_button.isEnabled()) == ("", False)
    window.look(IMAGES, MASKS)
    assert window.message.isHidden()


def test_a_folder_that_is_not_there_is_said_at_once_and_in_the_thread(
    window: PairsWindow, looks: list[Any], tmp_path: Path
) -> None:
    window.choose(tmp_path / "nowhere")
    assert window.message.text == f"{tmp_path / 'nowhere'} cannot be read: No such file or directory."
    assert looks == []
    window.look(tmp_path / "nowhere", tmp_path / "nowhere")
    work, *_ = looks[0]
    said = work()
    assert isinstance(said, str)
    assert str(tmp_path / "nowhere") in said
