"""Where the network is blind, and what it sees there instead."""

from __future__ import annotations

import pytest
import torch

from napari_unet.restoration.blind_spots import REACH, blind_spots


def seen(images: torch.Tensor, replacement: str = "median", structure: str = "none") -> tuple[torch.Tensor, ...]:
    return blind_spots(images, replacement, structure, torch.Generator().manual_seed(3))


def test_each_cell_of_four_by_four_has_one_spot_and_all_places_are_taken() -> None:
    _, spots = seen(torch.rand(8, 1, 32, 32))
    cells = spots.reshape(8, 8, 4, 8, 4)
    assert (cells.sum(dim=(2, 4)) == 1).all()
    assert (cells.sum(dim=(0, 1, 3)) > 0).all()
    assert seen(torch.rand(2, 1, 10, 7))[1].shape == (2, 1, 10, 7)


def test_the_median_is_of_the_eight_neighbours_and_only_at_the_spots() -> None:
    images = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    shown, spots = seen(images)
    assert torch.equal(shown[spots == 0], images[spots == 0])
    for n, _, y, x in spots.nonzero().tolist():
        around = sorted(
            float(images[n, 0, (y + dy) % 16, (x + dx) % 16]) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx
        )
        assert float(shown[n, 0, y, x]) == pytest.approx((around[3] + around[4]) / 2, abs=1e-6)


def test_a_neighbour_at_random_is_within_two_pixels_and_never_the_pixel_itself() -> None:
    images = torch.arange(4 * 32 * 32, dtype=torch.float32).reshape(4, 1, 32, 32)
    shown, spots = seen(images, "uniform")
    steps = set()
    for n, _, y, x in spots.nonzero().tolist():
        at = int(shown[n, 0, y, x])
        assert at // 1024 == n
        row, column = divmod(at % 1024, 32)
        steps.add(((row - y + 16) % 32 - 16, (column - x + 16) % 32 - 16))
    assert steps == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)} - {(0, 0)}


@pytest.mark.parametrize("structure", ["rows", "columns"])
def test_the_line_of_noise_around_a_spot_is_taken_from_another_line(structure: str) -> None:
    line = torch.arange(1, 33, dtype=torch.float32)
    images = (line[:, None] if structure == "rows" else line[None, :]).expand(1, 1, 32, 32).contiguous()
    shown, spots = seen(images, structure=structure)
    hidden = torch.zeros_like(spots)
    for _, _, y, x in spots.nonzero().tolist():
        if structure == "rows":
            hidden[0, 0, y, max(0, x - REACH) : x + REACH + 1] = 1
        else:
            hidden[0, 0, max(0, y - REACH) : y + REACH + 1, x] = 1
    assert 0 < hidden.sum() < hidden.numel()
    assert torch.equal(shown != images, hidden > 0)
    away = (shown - images)[hidden > 0].abs()
    assert set(torch.minimum(away, 32 - away).tolist()) <= {1.0, 2.0}


@pytest.mark.parametrize("structure", ["rows", "columns"])
def test_the_other_line_is_one_or_two_away_to_either_side(structure: str) -> None:
    images = torch.arange(32.0 * 32).reshape(1, 1, 32, 32)
    lines, along = set(), set()
    for seed in range(200):
        shown, spots = blind_spots(images, "median", structure, torch.Generator().manual_seed(seed))
        _, _, y, x = spots.nonzero()[0].tolist()
        row, column = divmod(int(shown[0, 0, y, x]), 32)
        away = ((row - y + 16) % 32 - 16, (column - x + 16) % 32 - 16)
        lines.add(away[0 if structure == "rows" else 1])
        along.add(away[1 if structure == "rows" else 0])
    assert lines == {-2, -1, 1, 2}
    assert along == set(range(-REACH, REACH + 1))
