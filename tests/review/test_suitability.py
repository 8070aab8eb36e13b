"""When a model does not suit an image: nothing found, another size than expected, or unsure of most."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.review.suitability import doubt_objects, doubt_result


def test_nothing_found_offers_to_look_for_dark_objects_once() -> None:
    doubt = doubt_result(0, 20.0, None, inverted=False)
    assert doubt is not None
    assert doubt.remedy == "invert"
    again = doubt_result(0, 20.0, None, inverted=True)
    assert again is not None
    assert again.remedy == ""
    assert "fine-tune" in again.sentence


@pytest.mark.parametrize(("found", "told"), [(20.0, False), (33.0, False), (45.0, True), (12.0, False), (9.0, True)])
def test_objects_of_another_size_than_expected_are_told_with_that_size(found: float, told: bool) -> None:
    doubt = doubt_result(30, 20.0, found, inverted=False)
    assert (doubt is not None) == told
    if doubt is not None:
        assert doubt.diameter == found
        assert f"{found:.0f} px" in doubt.sentence


def test_of_few_objects_or_an_unknown_size_nothing_is_said() -> None:
    assert doubt_result(4, 20.0, 60.0, inverted=False) is None
    assert doubt_result(30, None, 60.0, inverted=False) is None
    assert doubt_objects(np.ones(7)) is None
    assert doubt_objects(np.ones(8)) is not None


def test_a_model_that_is_unsure_of_most_may_not_suit() -> None:
    scores = np.repeat([0.9, 0.2], [70, 53])
    doubt = doubt_objects(scores)
    assert doubt is not None
    assert "70 of 123" in doubt.sentence


def test_many_that_are_hardly_suspicious_are_no_reason_to_doubt_the_model() -> None:
    assert doubt_objects(np.repeat([0.4, 0.2], [100, 23])) is None
    assert doubt_objects(np.repeat([1.0, 0.1], [39, 84])) is None
