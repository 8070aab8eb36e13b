"""Every pixel is answered for once, by a tile that sees enough, whatever the shape and the tile size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.models.architecture import PAPER_2015, UNetConfig
from napari_unet.segmentation.tiles import memory
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.tiling import fitting_size, in_view_first, plan_tiles

networks = st.builds(
    UNetConfig,
    depth=st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    upsampling=st.sampled_from(["transposed", "interpolated"]),
    stem=st.sampled_from([1, 2]),
)
shapes = st.tuples(st.integers(1, 150), st.integers(1, 150))


def mirrored(image: np.ndarray, border: tuple[tuple[int, int], ...]) -> np.ndarray:
    """`image` with a border, mirrored by numpy; an axis of one pixel is repeated."""
    for axis, sides in enumerate(border):
        widths = [sides if axis == other else (0, 0) for other in range(image.ndim)]
        image = np.pad(image, widths, mode="reflect" if image.shape[axis] > 1 else "edge")
    return image


@settings(max_examples=200, deadline=None)
@given(shape=shapes, tile=st.integers(1, 200), network=networks)
def test_an_identity_network_gives_back_the_image(shape: tuple[int, int], tile: int, network: UNetConfig) -> None:
    image = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    plan = plan_tiles(shape, tile, network)
    padded = mirrored(image, plan.border)
    plane = SeenPlane(image, shape, 1)
    result, answered = np.full(shape, -1.0, np.float32), np.zeros(shape, int)
    for one in plan.tiles:
        seen = plane.task(one, plan.border).pixels[0]
        assert np.array_equal(seen, padded[one.read])
        assert seen.shape == tuple(s.stop - s.start for s in one.read)
        if network.margin:
            seen = seen[network.margin : -network.margin, network.margin : -network.margin]
        result[one.core] = seen[one.crop]
        answered[one.core] += 1
    assert (answered == 1).all()
    assert np.array_equal(result, image)


@settings(max_examples=200, deadline=None)
@given(size=st.integers(1, 700), tile=st.integers(1, 300), network=networks)
def test_tiles_are_aligned_and_see_what_they_depend_on(size: int, tile: int, network: UNetConfig) -> None:
    plan = plan_tiles((size,), tile, network)
    before, after = plan.border[0]
    factor, radius = network.pooling_factor, network.halo
    phases = set()
    for one in plan.tiles:
        first, last = one.read[0].start - before, one.read[0].stop - before
        phases.add(first % factor)
        assert fitting_size(last - first, network) == last - first
        if network.padding == "same":
            assert first <= one.core[0].start - radius or first == -before
            assert last >= one.core[0].stop + radius or last == size + after
    assert len(phases) == 1


def test_the_paper_s_tile_is_572_for_388() -> None:
    plan = plan_tiles((388, 388), 388, PAPER_2015)
    assert len(plan.tiles) == 1
    assert plan.tiles[0].read == (slice(0, 572), slice(0, 572))
    assert plan.border == ((92, 92), (92, 92))


@pytest.mark.parametrize(("size", "expected"), [(1, 140), (572, 572), (573, 588)])
def test_fitting_size_of_the_paper_s_network(size: int, expected: int) -> None:
    assert fitting_size(size, PAPER_2015) == expected


def test_tiles_in_view_come_first() -> None:
    plan = plan_tiles((400, 400), 100, UNetConfig(depth=1))
    ordered = list(in_view_first(plan.tiles, (slice(250, 260), slice(320, 380))))
    assert len(ordered) == len(plan.tiles)
    assert ordered[0].core[0].start <= 250 < ordered[0].core[0].stop
    assert ordered[0].core[1].stop > 320


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 60), st.integers(1, 60)),
    tile=st.integers(1, 40),
    network=st.builds(
        UNetConfig,
        ndim=st.just(3),
        depth=st.integers(1, 3),
        padding=st.sampled_from(["same", "valid"]),
        flat_stages=st.integers(0, 3),
        z_pooling=st.booleans(),
    ),
)
def test_volumes_are_cut_by_what_the_network_needs_along_each_axis(
    shape: tuple[int, int, int], tile: int, network: UNetConfig
) -> None:
    plan, answered = plan_tiles(shape, tile, network), np.zeros(shape, int)
    for one in plan.tiles:
        answered[one.core] += 1
        for read, core, size, axis, (before, after) in zip(
            one.read, one.core, shape, network.axes, plan.border, strict=True
        ):
            assert axis.fits(read.stop - read.start)
            if network.padding == "same":
                assert read.start - before <= core.start - axis.halo or read.start == 0
                assert read.stop - before >= core.stop + axis.halo or read.stop - before == size + after
    assert (answered == 1).all()


def test_a_volume_that_fits_into_memory_is_one_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    network = UNetConfig(ndim=3, depth=4, base_channels=16, flat_stages=2)
    monkeypatch.setattr(memory, "free_memory", lambda: 8 * 2**30)
    assert memory.largest_volume_tile(network, 4, (16, 256, 256)) == 256
    assert 32 <= memory.largest_volume_tile(network, 4, (512, 1024, 1024)) < 256
