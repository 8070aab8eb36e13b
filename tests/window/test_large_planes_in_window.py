"""Labels of large planes in a real window: only what is in view is drawn, in the right place, and painted at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari._vispy.utils.visual import layer_to_visual
from napari.layers import Labels
from scipy.ndimage import binary_dilation
from test_tools_in_window import Desk
from window_driver import Hand, let_run, line

from napari_unet.ui.session.napari_private import LargeLabels, labels_class

pytestmark = pytest.mark.real_window

# The edges of pixels never come to lie on the middle of pixels of the screen, where a rounding error would decide.
VIEWS = [
    ((300.21, 400.13), 1.03),
    ((812.31, 1300.13), 1.03),
    ((1500.21, 1000.17), 0.353),
    ((700.13, 650.11), 6.07),
    ((20.0, 10.0), 0.1),
]


@pytest.fixture
def objects() -> np.ndarray:
    """A plane (3000, 2600) of squares, each of another id, one pixel apart."""
    rows, columns = np.ogrid[:3000, :2600]
    ids = (rows // 20) * 200 + columns // 20 + 1
    return np.where((rows % 20 > 0) & (columns % 20 > 0), ids, 0).astype(np.int32)


@pytest.fixture
def shown(make_napari_viewer: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    let_run(0.1)
    return viewer


def look_at(viewer: Any, center: tuple[float, float], zoom: float) -> None:
    viewer.scene.camera.center, viewer.scene.camera.zoom = center, zoom
    let_run(0.03)
    picture_of(viewer)  # however busy the machine is, it is drawn by now


def picture_of(viewer: Any) -> np.ndarray:
    return np.asarray(viewer.screenshot(flash=False))


def strided(data: np.ndarray, step: int) -> Labels:
    """A plain layer of every `step`-th pixel, where these lie."""
    return Labels(data[::step, ::step].copy(), scale=(step, step), translate=((step - 1) / 2, (step - 1) / 2))


def coloured(layer: LargeLabels, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pixels get a colour each time."""
    sizes: list[int] = []
    colour = layer._raw_to_displayed

    def note(raw: Any, part: Any = None) -> Any:
        made = colour(raw, part)
        sizes.append(made.size)
        return made

    monkeypatch.setattr(layer, "_raw_to_displayed", note)
    return sizes


@pytest.mark.parametrize(("contour", "views"), [(0, VIEWS), (2, VIEWS[1:3])])
def test_each_view_shows_the_pixels_that_are_there(shown: Any, objects: np.ndarray, contour: int, views: Any) -> None:
    steps = []
    for center, zoom in views:
        pictures = []
        large = LargeLabels(objects.copy())
        shown.add_layer(large)
        look_at(shown, center, zoom)
        steps.append(next(iter(large.drawn.values())).step)
        for layer in (large, strided(objects, steps[-1])):
            if layer not in shown.layers:
                shown.layers.clear()
                shown.add_layer(layer)
            layer.contour = contour
            look_at(shown, center, zoom)
            pictures.append(picture_of(shown))
        assert pictures[0][..., :3].any()
        np.testing.assert_array_equal(*pictures)
        shown.layers.clear()
    assert len(set(steps)) > len(views) // 2, "the views do not need several resolutions"


def test_large_planes_alone_are_drawn_in_part_and_napari_knows_how() -> None:
    assert labels_class((2**13, 2**13)) is Labels
    assert labels_class((2**13, 2**13 + 1)) is LargeLabels
    assert layer_to_visual[LargeLabels] is not layer_to_visual[Labels]


def test_what_napari_draws_beside_the_labels_is_in_its_place(shown: Any, objects: np.ndarray) -> None:
    """The frame of a layer and a polygon that is being drawn, at one resolution and at another."""
    for center, zoom in (((2900.0, 2500.0), 1.5), ((2600.0, 2200.0), 0.4)):
        pictures = []
        for make in (LargeLabels, lambda data: Labels(np.zeros_like(data))):
            layer = shown.add_layer(make(np.zeros_like(objects)))
            layer.bounding_box.visible = True
            layer.mode = "polygon"
            layer._overlays["polygon"].points = [[2700, 2300], [2700, 2400], [2800, 2500]]
            look_at(shown, center, zoom)
            pictures.append(picture_of(shown))
            shown.layers.clear()
        one, other = (picture[..., :3].any(axis=-1) for picture in pictures)
        assert one.sum() > 500
        assert not (one & ~binary_dilation(other, iterations=2)).any()
        assert not (other & ~binary_dilation(one, iterations=2)).any()


def test_no_more_is_drawn_than_the_screen_has_room_for(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.zeros((20_000, 20_000), np.int32)  # never written, it takes no memory
    data[9_990:10_010, 9_990:10_010] = 5
    layer = LargeLabels(data)
    sizes, told = coloured(layer, monkeypatch), []
    shown.add_layer(layer)
    layer.events.set_data.connect(told.append)
    shown.reset_view()
    let_run(0.05)
    told.clear()
    height, width = shown.window._qt_viewer.canvas.size
    for zoom in (0.1, 1.0, 1.0, 8.0):
        look_at(shown, (10_000.0, 10_000.0 + 100 * zoom), zoom)
    most = (2 * height + 512) * (2 * width + 512)
    assert max(sizes) <= most < data.size / 50
    n_views = len(sizes)
    look_at(shown, (10_000.0, 10_801.0), 8.0)  # a small move
    assert len(sizes) == n_views, "all in view is drawn again for each pixel that the camera moves"
    assert not told, "who keeps labels would look through all of them"
    layer.thumbnail = np.zeros_like(layer.thumbnail)
    layer.refresh()
    assert max(sizes) <= most


@pytest.mark.parametrize("zoom", [1.0, 0.3])
@pytest.mark.parametrize("contour", [0, 1])
def test_a_stroke_is_seen_at_once_lands_in_the_array_and_is_undone(
    shown: Any, objects: np.ndarray, zoom: float, contour: int
) -> None:
    layer = shown.add_layer(LargeLabels(objects.copy()))
    array, hand = layer.data, Hand(shown)
    layer.contour = contour
    look_at(shown, (1500.0, 1300.0), zoom)
    layer.mode, layer.brush_size, layer.selected_label = "paint", 31, 77_777
    hand.hover(layer, (1550, 1350))  # napari draws a circle there
    before = picture_of(shown)
    hand.stroke(layer, line((1450, 1250), (1550, 1350)))
    let_run(0.05)
    painted = picture_of(shown)
    assert (painted != before).any(axis=-1).sum() > 40 * zoom
    assert layer.data is array
    assert array[1500, 1300] == array[1450, 1250] == 77_777
    assert layer.get_value((1500, 1300), world=True) == 77_777
    layer.refresh()
    np.testing.assert_array_equal(painted, picture_of(shown))
    hand.undo()
    let_run(0.05)
    np.testing.assert_array_equal(array, objects)
    np.testing.assert_array_equal(before, picture_of(shown))


def test_the_bucket_looks_around_the_place_alone(shown: Any) -> None:
    data = np.zeros((9_000, 9_000), np.int32)
    data[4_000:4_900, 4_000:4_030] = 3  # more than the first box
    data[4_100:4_110, 4_005:4_015] = 0
    layer, told = LargeLabels(data), []
    shown.add_layer(layer)
    look_at(shown, (4_100.0, 4_010.0), 2.0)
    layer.mode, layer.selected_label = "fill", 9
    Hand(shown).click(layer, (4_050, 4_010))
    assert (data == 9).sum() == 900 * 30 - 100
    assert not (data == 3).any()
    Hand(shown).click(layer, (4_105, 4_010))
    assert (data == 9).sum() == 900 * 30
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_unet.ui.session.planes.labels_layer.show_warning", told.append)
        layer.fill((10, 10), 4)
    assert len(told) == 1
    assert not (data == 4).any()
    layer.contiguous = False
    layer.fill((4_050, 4_010), 6)
    assert (data == 6).sum() == 900 * 30
    Hand(shown).undo()
    assert (data == 9).sum() == 900 * 30
    assert not (data == 6).any()


def test_slices_other_axes_and_3d_of_a_stack(shown: Any) -> None:
    data = np.zeros((5, 700, 900), np.int32)
    data[2, 100:200, 300:400] = 7
    data[3, 300:400, 300:400] = 8
    layer = shown.add_layer(LargeLabels(data))
    plain = Labels(data.copy(), visible=False)
    shown.add_layer(plain)
    for order, step in (((0, 1, 2), 2), ((0, 1, 2), 3), ((0, 2, 1), 3), ((1, 0, 2), 150)):
        shown.dims.order = order
        shown.dims.set_current_step(order[0], step)
        pictures = []
        for one, other in ((layer, plain), (plain, layer)):
            one.visible, other.visible = True, False
            shown.reset_view()
            let_run(0.05)
            pictures.append(picture_of(shown))
        assert pictures[0][..., :3].any()
        np.testing.assert_array_equal(*pictures)
    shown.dims.order, layer.visible, plain.visible = (0, 1, 2), True, False
    shown.dims.ndisplay = 3
    let_run(0.05)
    assert layer._slice.image.raw.size <= 2**20
    assert picture_of(shown)[..., :3].any()
    shown.dims.ndisplay = 2
    shown.dims.set_current_step(0, 2)
    layer.data_setitem((np.array([2, 3]), np.array([120, 20]), np.array([320, 20])), 9)
    assert (data[2, 120, 320], data[3, 20, 20]) == (9, 9)
    layer.undo()
    assert (data[2, 120, 320], data[3, 20, 20]) == (7, 0)


def test_our_tools_write_to_the_array_and_are_seen_at_once(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoom = 0.45
    monkeypatch.setattr("napari_unet.ui.session.planes.largeness.LARGE_PIXELS", 2**16)
    labels = np.zeros((3000, 2600), np.int32)
    labels[1600:1700, 1600:1700], labels[1600:1700, 1700:1800], labels[1750:1850, 1600:1800] = 1, 2, 3
    desk = Desk(make_napari_viewer(show=True), labels, (1.0, 1.0))
    layer = desk.layer
    assert isinstance(layer, LargeLabels)
    look_at(desk.viewer, (1700.0, 1700.0), zoom)
    layer.contour = 0

    def use(key: str, *places: tuple[float, float]) -> np.ndarray:
        """Draw a tool over places; what it made of the labels, once the picture was looked at and it is undone."""
        before = picture_of(desk.viewer)
        desk.key(key[-1], shift=key.startswith("Shift"))
        desk.drag(*places)
        let_run(0.05)
        made, seen = desk.labels.copy(), picture_of(desk.viewer)
        layer.refresh()
        let_run(0.05)
        np.testing.assert_array_equal(seen, picture_of(desk.viewer))
        assert (seen != before).any(axis=-1).sum() > 500 * zoom
        desk.expect_undo(labels)
        return made

    merged = use("J", (1650, 1650), (1650, 1750))
    assert (merged[1650, 1650], merged[1650, 1750]) == (1, 1)
    split = use("K", (1800, 1580), (1800, 1820))
    assert split[1770, 1700] != split[1830, 1700]
    gone = use("Shift-D", (1650, 1650), (1650, 1660))
    assert not (gone == 1).any()
    assert (gone == 2).any()
    desk.session.close()
