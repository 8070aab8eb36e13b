"""What we rely on although napari does not promise it. When one of these fails, napari has changed: read the reason."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from napari.qt.threading import GeneratorWorker

import napari_unet.ui
from napari_unet.ui.session import napari_private
from napari_unet.ui.session.napari_private import (
    added_unselected,
    atom_before,
    atom_place,
    draw_by_parts,
    draw_helpers_when_used,
    drawn_as_empty,
    history_of,
    put_history,
    redraw_part,
    redraw_thumbnail,
    removed_together,
)
from napari_unet.ui.session.planes import labels_layer, picture

EDITS = {
    "a stroke": lambda layer: layer.paint((1, 20, 20), 3),
    "a polygon": lambda layer: layer.paint_polygon([(1, 10, 10), (1, 10, 25), (1, 25, 25)], 3),
    "a bucket": lambda layer: layer.fill((1, 5, 5), 3),
    "a tool of ours": lambda layer: layer.data_setitem((np.array([1, 2]), np.array([5, 6]), np.array([7, 8])), 3),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_tells_where_it_writes_and_what_was_there(name: str) -> None:
    data = np.zeros((3, 40, 40), np.int32)
    data[1, :, 18:22] = 7
    layer, atoms, before = Labels(data.copy()), [], data.copy()
    layer.events.paint.connect(lambda event: atoms.extend(event.value))
    EDITS[name](layer)
    reason = "Labels.events.paint has other atoms: strokes are not saved as small edits, locks not defended at once"
    assert atoms, reason
    told = np.zeros(data.shape, bool)
    for atom in atoms:
        index, values = atom_before(atom)
        assert np.array_equal(before[index], values), reason
        told[index] = True
        box, pixels = atom_place(atom)
        assert (box is None) == bool(pixels), reason
        if box is not None:
            inside = np.zeros(data.shape, bool)
            inside[box] = True
            assert inside[index].all(), reason
    assert told[layer.data != before].all(), reason


def test_a_worker_can_be_given_a_pool_and_its_generator_closed() -> None:
    def steps() -> Any:
        yield

    worker = GeneratorWorker(steps)
    reason = "superqt's workers are made in another way: jobs could not run in a thread of their own, nor be closed"
    for name in ("_worker_set", "_set_discard", "_finished", "_gen"):
        assert hasattr(worker, name), reason


def test_no_other_module_of_the_window_looks_into_what_is_not_its_own() -> None:
    folder = Path(napari_unet.ui.__file__).parent
    found = set()
    allowed = {Path(napari_private.__file__), *(Path(module.__file__) for module in (labels_layer, picture))}
    for path in sorted({*folder.rglob("*.py")} - allowed):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.endswith("__"):
                continue
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                found.add(f"{path.relative_to(folder).as_posix()}: {ast.unparse(node)}")
    assert found == set()


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
@pytest.mark.parametrize("contour", [0, 1])
def test_a_part_is_drawn_as_all_of_it_would_be(viewer: Any, order: tuple[int, ...], contour: int) -> None:
    layer = viewer.add_labels(np.zeros((3, 40, 50), np.int32))
    layer.contour = contour
    viewer.dims.order = order
    viewer.dims.set_current_step(0, 1)
    told: list[Any] = []
    layer.events.labels_update.connect(lambda event: told.append((tuple(event.offset), event.data.shape)))
    box = (slice(1, 2), slice(5, 15), slice(20, 40))
    layer.data[box] = 7
    reason = "napari draws parts of labels in another way: what a model writes does not appear while it works"
    assert redraw_part(layer, box), reason
    part = np.array(layer._slice.image.view)
    (offset, shape), *more = told
    assert not more
    assert np.prod(shape) <= 14 * 24, "no more than the part, and what an outline needs around it"
    layer.refresh()
    if contour == 0:
        assert np.array_equal(part, layer._slice.image.view), reason
        assert offset == ((5, 20) if order[1] == 1 else (20, 5)), reason


def test_a_part_of_another_slice_or_of_a_hidden_layer_is_not_drawn(viewer: Any) -> None:
    layer = viewer.add_labels(np.zeros((3, 40, 50), np.int32))
    told: list[Any] = []
    layer.events.labels_update.connect(told.append)
    assert redraw_part(layer, (slice(2, 3), slice(0, 5), slice(0, 5)))
    layer.visible = False
    assert redraw_part(layer, (slice(0, 1), slice(0, 5), slice(0, 5)))
    assert not told


@pytest.mark.real_window
@pytest.mark.filterwarnings("ignore:data shape .* will be downsampled")
def test_of_a_plane_too_large_for_a_texture_a_part_is_handed_over_as_of_any_other(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(napari_private, "most_texels", lambda: 45)
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_labels(np.zeros((41, 93), np.int32))
    picture = viewer.window._qt_viewer.canvas.layer_to_visual[layer]
    picture.MAX_TEXTURE_SIZE_2D = 45
    draw_by_parts(layer)
    layer.refresh()
    viewer.screenshot(flash=False)
    handed: list[Any] = []
    texture, write = picture.node._texture, picture.node._texture.scale_and_set_data

    def note(data: Any, offset: Any = (0, 0), **options: Any) -> None:
        handed.append((tuple(offset), data.copy()))
        write(data, offset=offset, **options)

    monkeypatch.setattr(texture, "scale_and_set_data", note)
    refresh, asked = layer.refresh, []
    monkeypatch.setattr(layer, "refresh", lambda *_, **__: asked.append(True))
    layer.data[5:15, 20:40] = 7
    reason = "napari draws planes larger than a texture in another way: strokes and tiles take seconds there"
    assert redraw_part(layer, (slice(5, 15), slice(20, 40))), reason
    layer.brush_size = 9
    layer.paint((30, 61), 9)  # not ours: a stroke
    shown = np.zeros((41, 31), layer._slice.image.view.dtype)
    for (row, column), data in handed:
        shown[row : row + data.shape[0], column : column + data.shape[1]] = data
    assert (len(handed), asked) == (2, []), reason
    monkeypatch.setattr(layer, "refresh", refresh)
    assert max(data.size for _, data in handed) < shown.size // 4, reason
    assert np.array_equal(shown, layer._slice.image.view[:, ::3]), reason
    partly = viewer.screenshot(flash=False)
    layer.refresh()
    assert np.array_equal(partly, viewer.screenshot(flash=False)), reason


@pytest.mark.real_window
@pytest.mark.filterwarnings("ignore:data shape .* will be downsampled")
@pytest.mark.parametrize("contour", [0, 1])
def test_a_part_that_comes_before_a_large_plane_was_ever_drawn_is_drawn_with_it(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch, contour: int
) -> None:
    monkeypatch.setattr(napari_private, "most_texels", lambda: 45)
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_labels(np.zeros((41, 93), np.int32))
    layer.contour = contour
    picture = viewer.window._qt_viewer.canvas.layer_to_visual[layer]
    picture.MAX_TEXTURE_SIZE_2D = 45
    draw_by_parts(layer)
    layer.refresh()
    asked: list[Any] = []
    monkeypatch.setattr(layer, "refresh", lambda *_, **__: asked.append(True))
    layer.data[5:15, 20:40] = 7
    assert redraw_part(layer, (slice(5, 15), slice(20, 40)))
    assert not asked, "all of a large plane is coloured for a part of it"
    assert np.array_equal(picture.node._data > 0, layer._slice.image.view[:, ::3] > 0)
    assert (picture.node._data > 0).any()


def test_an_empty_layer_is_added_without_colouring_it_and_is_as_any_other_afterwards(viewer: Any) -> None:
    layer = Labels(np.zeros((40, 50), np.int32), visible=False)
    sizes: list[int] = []
    colour = layer.colormap._data_to_texture
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(layer.colormap), "_data_to_texture", lambda _, data: (sizes.append(np.size(data)), colour(data))[1]
        )
        with drawn_as_empty(layer):
            viewer.add_layer(layer)
            layer.visible = True
    reason = "Labels colour what is in view in another way: to add labels to a large image takes long"
    assert max(sizes) == 1, reason
    layer.paint((10, 10), 5)
    painted = np.array(layer._slice.image.view)
    assert painted.any()
    layer.refresh()
    assert np.array_equal(painted, layer._slice.image.view), reason


def test_the_picture_in_the_list_of_layers_is_drawn_alone(viewer: Any) -> None:
    layer = viewer.add_labels(np.zeros((40, 50), np.int32))
    drawn: list[Any] = []
    layer.events.set_data.connect(drawn.append)
    layer.data[:] = 3
    redraw_thumbnail(layer)
    assert layer.thumbnail[..., 3].any()
    assert not drawn


def test_what_can_be_undone_is_kept_while_another_array_is_assigned_and_taken_back() -> None:
    array = np.zeros((40, 50), np.int32)
    layer = Labels(array)
    history = history_of(layer)
    layer.paint((10, 10), 5)
    layer.data = np.ones((40, 50), np.int32)
    layer.data = array
    put_history(layer, history)
    layer.undo()
    reason = "Labels keep their history elsewhere: other data would make corrections impossible to undo"
    assert not array.any(), reason


def test_a_layer_can_be_added_without_being_selected_for_a_moment(viewer: Any) -> None:
    image = viewer.add_image(np.zeros((20, 20)))
    told: list[Any] = []
    viewer.layers.selection.events.active.connect(told.append)
    with added_unselected(viewer.layers):
        viewer.add_labels(np.zeros((20, 20), int))
    reason = "napari selects what is added in another way: adding labels takes a tenth of a second longer"
    assert not told, reason
    assert viewer.layers.selection.active is image
    assert viewer.add_labels(np.zeros((20, 20), int)) is viewer.layers.selection.active


@pytest.mark.parametrize(("mode", "helper"), [("polygon", "polygon"), ("paint", "brush_stroke")])
def test_what_napari_draws_for_a_tool_is_set_up_when_the_tool_is_taken(viewer: Any, mode: str, helper: str) -> None:
    layer = Labels(np.zeros((20, 20), int))
    draw_helpers_when_used(layer)
    viewer.add_layer(layer)
    drawn = viewer.window._qt_viewer.canvas._layer_overlay_to_visual[layer]
    reason = "napari has other helpers for its tools: each new labels layer takes a quarter of a second longer"
    assert set(layer._overlays) >= {"polygon", "brush_stroke"}, reason
    assert not {layer._overlays["polygon"], layer._overlays["brush_stroke"]} & set(drawn), reason
    layer.mode = mode
    assert [name for name, one in layer._overlays.items() if one in drawn and hasattr(one, "enabled")] == [helper]
    layer.mode = "pan_zoom"
    assert layer._overlays[helper] in drawn, "it is set up once"


@pytest.mark.real_window
def test_layers_that_are_removed_together_are_looked_after_once(
    make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = make_napari_viewer(show=True)
    layers = [viewer.add_labels(np.zeros((4, 4), np.int32)) for _ in range(3)]
    canvas = viewer.window._qt_viewer.canvas
    seen: list[int] = []
    monkeypatch.setattr(canvas, "_clean_and_update_scenegraph", lambda: seen.append(len(viewer.layers)))
    with removed_together(viewer.layers):
        for layer in layers:
            viewer.layers.remove(layer)
    assert seen == [0], "napari looks for garbage after each layer again, or not at all"
    assert not canvas.layer_to_visual
