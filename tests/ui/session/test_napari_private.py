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
from napari_unet.ui.session.napari_private import atom_before, atom_place

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
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute) or not node.attr.startswith("_") or node.attr.endswith("__"):
                continue
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                found.add(f"{path.relative_to(folder).as_posix()}: {ast.unparse(node)}")
    assert found == set()
