"""A Labels layer of large planes: its `data` is the one full array, drawn is an excerpt of it.

napari slices, colours and hands over all of a plane whenever it draws labels, and what of it has several resolutions
cannot be painted. Here brush, bucket and tools write to the full array as ever; what is drawn is a view of its pixels
with strides (see `excerpt`), so that it is never behind. All that napari asks of the layer is told in coordinates of
the full array; only its picture on the canvas (see `picture`) knows of the excerpt.

Like `napari_private`, this relies on what napari does not promise: `test_large_planes_in_window` says what breaks then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.layers._scalar_field._slice import _ScalarFieldSliceResponse, _ScalarFieldView
from napari.layers.labels._slice import _LabelsSliceRequest
from napari.layers.labels.labels import _LabelsSlicingState
from napari.utils.events import Event
from napari.utils.notifications import show_warning
from napari.utils.transforms import Affine

from napari_unet.ui.session.planes.excerpt import Excerpt, drawn_in, find_excerpt, holds, overview
from napari_unet.ui.session.planes.filling import everywhere, flood

_TOO_FAR = "This reaches too far for the bucket: draw a border around what it is to fill, or paint it with the brush."


class LargeLabels(Labels):
    """Labels of which what is in view is drawn, at the resolution of the screen."""

    def __init__(self, data: npt.NDArray[Any], **options: Any) -> None:
        self._excerpt: Excerpt = {}
        super().__init__(data, **options)
        self.events.add(excerpt=Event)

    @property
    def _type_string(self) -> str:
        return "labels"  # for napari's menus and writers

    # -- what is drawn --------------------------------------------------------------------------------------------

    def excerpt_along(self, axes: Sequence[int], flat: bool) -> Excerpt:
        """What is drawn of the full array if the canvas shows these axes."""
        known, shape = self._excerpt, self.data.shape
        fits = known.keys() == set(axes) and all(part.stop <= shape[axis] for axis, part in known.items())
        return known if fits and flat else overview(shape, axes, flat)

    @property
    def drawn(self) -> Excerpt:
        """What was drawn last: by axis, the rows of the canvas first; none where the array has no such slice."""
        known = self._slice
        if known.empty:
            return {}
        starts, steps = known.tile_to_data.translate.astype(int), known.tile_to_data.scale.astype(int)
        sizes = zip(known.slice_input.displayed, known.image.raw.shape, strict=True)
        return {
            axis: range(starts[axis], min(starts[axis] + n * steps[axis], self.data.shape[axis]), steps[axis])
            for axis, n in sizes
        }

    def redraw_box(self, box: Sequence[slice]) -> None:
        """Draw anew what was written, past the layer's history, to `box` (a slice for each axis)."""
        parts = (part.indices(size) for part, size in zip(box, self.data.shape, strict=True))
        self._accumulate_updated_slice(tuple(slice(first, last) for first, last, _ in parts))
        self._partial_labels_refresh()

    def _get_layer_slicing_state(self, data: Any, cache: bool) -> _LabelsSlicingState:
        return _SlicingState(self, data, cache)

    def _update_level_and_corners(self, data_bbox_int: Any, shape_threshold: Any, displayed_axes: Any) -> None:
        """The canvas is about to be drawn: what of the layer is in view, and how large is it on the screen?"""
        super()._update_level_and_corners(data_bbox_int, shape_threshold, displayed_axes)
        if self._slice_input.ndisplay != 2:
            return
        wanted = find_excerpt(self.data.shape, displayed_axes, data_bbox_int, shape_threshold)
        if wanted is None or holds(self._excerpt, wanted, self.data.shape):
            return
        self._excerpt = wanted
        if self.visible:
            self.set_view_slice()
            # Not `set_data`: who keeps the labels takes that as "something may have been written", and looks for it.
            self.events.excerpt()

    def _raw_to_displayed(self, raw: Any, data_slice: Any = None) -> npt.NDArray[Any]:
        shown = super()._raw_to_displayed(raw, data_slice)
        # Small integers are colours as they are; but outlines are drawn into colours, and must not get into the labels.
        return np.array(shown) if np.may_share_memory(shown, raw) else np.ascontiguousarray(shown)

    def _partial_labels_refresh(self) -> None:
        box: tuple[slice, ...] | None = self._updated_slice  # type: ignore[has-type]
        self._updated_slice = None
        if box is None or not self._slicing_state.loaded or not self.drawn:
            return
        if not all(box[axis].start <= at < box[axis].stop for axis, at in self._get_pt_not_disp().items()):
            return  # another slice is in view
        part = tuple(drawn_in(drawn, box[axis], self.contour) for axis, drawn in self.drawn.items())
        if all(one.start < one.stop for one in part):
            image = self._slice.image
            image.view[part] = colours = self._raw_to_displayed(image.raw, part)
            self.events.labels_update(data=colours, offset=[one.start for one in part])

    # -- what is written ------------------------------------------------------------------------------------------

    def _refresh_caches_from_region(self, *args: Any, **options: Any) -> None:
        """Nothing: what is drawn is a view of the data, and `_partial_labels_refresh` gives it colours."""

    def data_setitem(self, indices: Any, value: Any, refresh: bool = True) -> None:
        """As that of any Labels layer, of which it would colour pixels of the full array."""
        changed = self.data[indices] != value
        indices = tuple(axis[changed] for axis in indices)
        if not indices or not indices[0].size:
            return
        values = np.asarray(value, self.data.dtype)
        values = values[changed] if values.ndim else values[()]
        self._save_history((indices, np.array(self.data[indices]), values))
        self.data[indices] = values
        self._accumulate_updated_slice(tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in indices))
        if refresh:
            self._partial_labels_refresh()

    def _get_flood_mask_and_bbox(self, coord: Any, new_label: int, dims_to_paint: list[int]) -> Any:
        """What the bucket fills: looked for around the place, not in all of the plane."""
        place = tuple(int(at) for at in np.round(coord))
        old = self._value_at(place)
        if old is None or old == new_label:
            return None
        if self.preserve_labels and old != self._get_preserve_labels_source_label(new_label):
            return None
        plane = self.data[tuple(slice(None) if axis in dims_to_paint else at for axis, at in enumerate(place))]
        seed = tuple(place[axis] for axis in dims_to_paint)
        found = flood(plane, seed) if self.contiguous else everywhere(plane, old)
        if found is None:
            show_warning(_TOO_FAR)
            return None
        mask, low = found
        high = low + mask.shape
        return mask, low, high, np.asarray(plane[tuple(slice(*ends) for ends in zip(low, high, strict=True))])

    # -- what is asked --------------------------------------------------------------------------------------------

    def _get_value(self, position: Any) -> Any:
        """The value of the full array, whatever is drawn of it."""
        return self._value_at(tuple(int(at) for at in np.round(np.asarray(position)[-self.ndim :])))

    def _value_at(self, place: tuple[int, ...]) -> Any:
        inside = all(0 <= at < size for at, size in zip(place, self.data.shape, strict=True))
        return self.data[place] if inside else None


@dataclass(frozen=True)
class _ExcerptRequest(_LabelsSliceRequest):
    """Slices an excerpt of the array, without reading it."""

    excerpt: Excerpt = field(default_factory=dict)

    def _call_single_scale(self) -> _ScalarFieldSliceResponse:
        ndim, axes = self.slice_input.ndim, self.slice_input.displayed
        steps, starts = np.ones(ndim), np.zeros(ndim)
        for axis, part in self.excerpt.items():
            steps[axis], starts[axis] = part.step, part.start
        image = self._view(self.excerpt)
        flat = self.slice_input.ndisplay == 2
        thumbnail = self._view(overview(self.data_at_data_level.shape, axes)) if flat else image
        place = Affine(name="tile2data", scale=steps, translate=starts, ndim=ndim)
        return _ScalarFieldSliceResponse(image, thumbnail, place, self.slice_input, self.id)

    def _view(self, excerpt: Excerpt) -> _ScalarFieldView:
        index = list(self._point_to_slices(self.data_slice.point))
        for axis, part in excerpt.items():
            index[axis] = slice(part.start, part.stop, part.step)
        return _ScalarFieldView.from_view(
            np.transpose(np.asarray(self.data_at_data_level[tuple(index)]), self._get_order())
        )


class _SlicingState(_LabelsSlicingState):
    layer: LargeLabels
    _slice_request_class = _ExcerptRequest

    def _make_slice_request_internal(self, *, slice_input: Any, **options: Any) -> _ExcerptRequest:
        request = super()._make_slice_request_internal(slice_input=slice_input, **options)
        excerpt = self.layer.excerpt_along(slice_input.displayed, slice_input.ndisplay == 2)
        return replace(request, excerpt=excerpt)

    def _update_slice_response(self, response: _ScalarFieldSliceResponse) -> None:
        """Without a word to the layer's own transforms: those are of the full array."""
        self._slice_input = response.slice_input
        self._slice = response.to_displayed(self.layer._raw_to_displayed)
