"""What an image's name has in common with that of its labels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.workflows.base_names import (
    is_label_name,
    is_label_word,
    loose_names,
    starts_as_label,
    without_image_ending,
    without_label_ending,
    without_zeros,
)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("a_masks", "a"),
        ("a_cp_masks", "a"),
        ("a-labels", "a"),
        ("a.GT", "a"),
        ("a (labels)", "a"),
        ("a_Simple Segmentation", "a"),
        ("a_man-seg", "a"),
        ("a_b_mask", "a_b"),
        ("amask", "amask"),
        ("a_masked", "a_masked"),
        ("a_mask_2", "a_mask_2"),
        ("_mask", "_mask"),
        ("mask", "mask"),
    ],
)
def test_an_ending_of_labels_is_cut_with_what_sets_it_off(name: str, left: str) -> None:
    assert without_label_ending(name) == left
    assert is_label_name(name) == (left != name)


@pytest.mark.parametrize(
    ("name", "left"),
    [("a_img", "a"), ("a-RAW", "a"), ("a image", "a"), ("a_t", "a_t"), ("aimg", "aimg"), ("_img", "_img")],
)
def test_an_ending_of_images_is_cut_but_a_lone_t_is_a_name(name: str, left: str) -> None:
    assert without_image_ending(name) == left


@pytest.mark.parametrize(
    ("name", "starts", "alone"),
    [
        ("mask_001", True, False),
        ("man_seg001", True, False),
        ("labels of a", True, False),
        ("Masks", True, True),
        ("mask_", False, False),
        ("masked_a", False, False),
        ("a_mask", False, False),
    ],
)
def test_a_beginning_of_labels_needs_a_name_or_a_number_behind_it(name: str, starts: bool, alone: bool) -> None:
    assert starts_as_label(name) is starts
    assert is_label_word(name) is alone


@pytest.mark.parametrize(
    ("image", "labels"),
    [("img_001", "mask_001"), ("t001", "man_seg001"), ("A_img", "a_masks"), ("image", "labels"), ("x", "labels of X")],
)
def test_names_that_agree_no_other_way_share_what_is_left(image: str, labels: str) -> None:
    assert loose_names(image, labels=False) & loose_names(labels, labels=True)


@pytest.mark.parametrize(("image", "labels"), [("img_001", "mask_002"), ("image", "mask_1"), ("a", "labels")])
def test_names_of_others_share_nothing(image: str, labels: str) -> None:
    assert not loose_names(image, labels=False) & loose_names(labels, labels=True)


def test_letters_with_accents_agree_however_they_are_written() -> None:
    assert loose_names("caf\u00e9", labels=False) == loose_names("cafe\u0301_mask", labels=True)


@pytest.mark.parametrize(
    ("name", "left"),
    [("img_007", "img_7"), ("000", "0"), ("100", "100"), ("a0_b01c002", "a0_b1c2"), ("1.05", "1.5"), ("2007", "2007")],
)
def test_only_zeros_that_fill_a_number_up_go(name: str, left: str) -> None:
    assert without_zeros(name) == left


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_a_number_is_the_same_with_any_zeros_before_it(number: int, width: int) -> None:
    assert without_zeros(f"a_{number:0{width}d}_b") == f"a_{number}_b"
