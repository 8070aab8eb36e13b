"""The head of grey values: what it learns by, and that nobody takes them for labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_unet.errors import UserError
from napari_unet.heads.registry import head_named
from napari_unet.models.record import ModelRecord

HEAD = head_named("restoration")
RECORD = ModelRecord(name="Grey")


def test_the_loss_is_the_mean_square_where_it_counts() -> None:
    said, wanted = torch.full((1, 1, 2, 2), 0.5), torch.tensor([[[[1.5, 2.5], [3.5, 9.0]]]])
    weights = torch.tensor([[[[1.0, 1.0], [1.0, 0.0]]]])
    assert float(HEAD.loss(said, wanted, weights)) == pytest.approx((1 + 4 + 9) / 3)
    assert float(HEAD.distil(said, wanted, weights)) == pytest.approx((1 + 4 + 9) / 3)


def test_what_comes_out_stays_as_it_is_and_is_quiet_at_first() -> None:
    said = torch.tensor([-3.0, 0.5, 8.0])
    assert torch.equal(HEAD.activate(said), said)
    final = torch.nn.Conv2d(4, 1, 1)
    before = final.weight.detach().clone()
    HEAD.quieten(final)
    torch.testing.assert_close(final.weight.detach(), 0.02 * before)
    assert (HEAD.has_size, HEAD.keeps_values, HEAD.draws_objects) == (False, True, False)


NOTHING: Any = None
ASKED: dict[str, Callable[[], Any]] = {
    "decode": lambda: HEAD.decode(np.zeros((1, 2, 2)), RECORD, 1.0),
    "learning_maps": lambda: HEAD.learning_maps(NOTHING),
    "centers": lambda: HEAD.centers(NOTHING),
    "survey": lambda: HEAD.survey([], RECORD),
    "changed": lambda: HEAD.changed(NOTHING, ()),
    "truth": lambda: HEAD.truth(NOTHING),
    "compare": lambda: HEAD.compare(NOTHING, np.zeros((2, 2), np.int32), RECORD),
    "pool": lambda: HEAD.pool([], RECORD),
    "judge": lambda: HEAD.judge(NOTHING),
    "tally": lambda: HEAD.tally(np.zeros(1), np.zeros(1), RECORD),
    "summarize": lambda: HEAD.summarize(np.zeros(1), RECORD),
}


@pytest.mark.parametrize("name", list(ASKED))
def test_who_asks_for_labels_gets_a_sentence(name: str) -> None:
    with pytest.raises(UserError, match="makes grey values, not labels: use it with Restore") as caught:
        ASKED[name]()
    assert str(caught.value).startswith(("The model Grey ", "This model "))
