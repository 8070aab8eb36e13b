"""Which kind learns: that which answered, that which was taught such images, or that which does best on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning import starting_kind
from napari_unet.finetuning.starting_kind import choose_starting_kind, shown_plane
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.images.view import View
from napari_unet.labels.evidence import Score
from napari_unet.models.model import Model
from napari_unet.models.taught import TaughtSizes


def called(model: Model, name: str, **record: Any) -> Model:
    """A kind of this name, with weights of its own."""
    network = type(model.network)(model.network.config).eval()
    return replace(model, body=network, record=model.record.model_copy(update={"kind": name, **record}))


def disc(n_planes: int = 0) -> CorrectedImage:
    image, labels = draw_discs((64, 64))
    if n_planes:
        image, labels = np.stack([image] * n_planes), np.stack([labels] * n_planes)
    return correct_all(image, labels)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[HeldOutPlane]]]:
    """Kinds that were scored, of which "b" finds all and others nothing; all images resemble "a" most, then "b"."""
    asked: list[tuple[str, list[HeldOutPlane]]] = []

    def score(kind: Model, planes: list[HeldOutPlane], *_: Any) -> tuple[Score, int]:
        asked.append((kind.record.kind_name, planes))
        found = float(kind.record.kind_name == "b")
        return Score(found, found, found, 3), len(planes)

    monkeypatch.setattr(starting_kind, "score_model", score)
    monkeypatch.setattr(starting_kind, "nearest_kinds", lambda image, model, able, *_: list(able[:2]))
    return asked


def parent(model: Model, **first: Any) -> Model:
    return called(model, "a", **first).with_others([called(model, "b"), called(model, "c")])


def chosen(*given: Any) -> str:
    return choose_starting_kind(*given).record.kind_name


def test_of_kinds_that_images_resemble_the_one_that_finds_most_of_what_was_reviewed(tiny_model, scored) -> None:
    one = disc()
    assert chosen(parent(tiny_model), [one]) == "b"
    assert [name for name, _ in scored] == ["a", "b"]  # "c" is far off, whatever it finds
    (plane,) = scored[0][1]
    np.testing.assert_array_equal(plane.labels, one.labels)
    assert plane.region.all()
    assert plane.diameter == pytest.approx(2 * np.sqrt(np.median(np.bincount(one.labels.ravel())[1:]) / np.pi))


def test_no_more_kinds_are_asked_when_time_is_up(tiny_model: Model, scored) -> None:
    assert chosen(parent(tiny_model), [disc()], starting_kind.Engine(), lambda: True) == "a"
    assert [name for name, _ in scored] == ["a"]


def test_a_kind_that_was_taught_such_images_goes_on_whoever_finds_more(tiny_model: Model, scored) -> None:
    assert chosen(parent(tiny_model, sizes=TaughtSizes.measure([18.0], [18.0])), [disc()]) == "a"
    assert not scored


def answered_by(kinds: str) -> list[CorrectedImage]:
    """An image for each letter, which that kind answered."""
    return [
        replace(one, view=replace(one.view, kind=kind)) for one, kind in zip([disc()] * len(kinds), kinds, strict=True)
    ]


def test_who_answered_learns_unless_another_finds_more_of_what_was_reviewed(tiny_model: Model, scored) -> None:
    assert chosen(parent(tiny_model), answered_by("cca")) == "b"
    assert [name for name, _ in scored] == ["c", "a", "b"]
    scored.clear()
    none_finds_more = called(tiny_model, "a").with_others([called(tiny_model, "c"), called(tiny_model, "d")])
    assert chosen(none_finds_more, answered_by("cca")) == "c"
    assert [name for name, _ in scored] == ["c", "a", "d"]


def test_a_taught_kind_that_answered_none_is_not_asked(tiny_model: Model, scored) -> None:
    taught = called(tiny_model, "b", sizes=TaughtSizes.measure([18.0], [18.0]))
    assert chosen(called(tiny_model, "a").with_others([taught, called(tiny_model, "c")]), answered_by("c")) == "c"
    assert [name for name, _ in scored] == ["c", "a"]


def test_a_taught_kind_that_answered_most_goes_on(tiny_model: Model, scored) -> None:
    taught = parent(tiny_model, sizes=TaughtSizes.measure([18.0], [18.0]))
    assert chosen(taught, answered_by("aab")) == "a"
    assert not scored


@pytest.mark.parametrize(
    ("origin", "smallest", "expected"), [("given", 0, 50), ("estimated", 0, 0), ("estimated", 3, 50)]
)
def test_reviewed_objects_tell_their_size_better_than_an_estimate(
    tiny_model: Model, scored, origin: Any, smallest: int, expected: float
) -> None:
    """Unless somebody gave it, or they are few (`smallest`: so many are reviewed; 0: all)."""
    image, labels = draw_discs((128, 128))
    one = correct_all(image, labels)
    if smallest:
        one = replace(one, labels=np.where(labels <= smallest, labels, 0))
    choose_starting_kind(parent(tiny_model), [replace(one, view=View(50.0, origin))])
    measured = 2 * np.sqrt(np.median(np.bincount(labels.ravel())[1:]) / np.pi)
    assert scored[0][1][0].diameter == pytest.approx(expected or measured, rel=0.05)


def test_no_more_than_three_images_are_asked(tiny_model: Model, scored) -> None:
    choose_starting_kind(parent(tiny_model), [disc()] * 20)
    assert len(scored[0][1]) == 3


def test_of_a_large_plane_a_part_is_asked(tiny_model: Model, scored) -> None:
    image, labels = draw_discs((900, 900))
    choose_starting_kind(parent(tiny_model), [correct_all(image, labels)])
    assert scored[0][1][0].labels.shape < (600, 600)


def test_who_knows_one_kind_starts_from_it(tiny_model: Model) -> None:
    assert choose_starting_kind(tiny_model, [disc()]) is tiny_model


def test_the_plane_of_which_most_is_reviewed_is_shown() -> None:
    one = disc(3)
    reviewed = one.reviewed.copy()
    reviewed[0, :5] = reviewed[2] = False
    assert shown_plane(replace(one, reviewed=reviewed)) == (1,)
    assert shown_plane(disc()) == ()
