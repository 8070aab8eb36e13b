"""Two networks are taught, kept in one file, and disagree where what they show is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.errors import UserError
from napari_unet.events import Finished, drain
from napari_unet.images.image import Image
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.restoration.applying import Unsure, restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.tasks import TASKS
from napari_unet.restoration.teaching import teach_steps

QUICK = RestoreConfig(
    max_steps=40, seconds=300, base_channels=8, depth=1, patch=32, batch_size=8, learning_rate=5e-3, device="cpu"
)


def draw(seed: int, strange: bool = False) -> tuple[Image, Image]:
    """A smooth channel and its negative; with a corner (up to 32, 32) of stripes that no other image has."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, (96, 96)), 3)
    seen = 100 + 20 * field / field.std()
    if strange:
        seen[:32, :32] = 100 + 60 * (np.arange(32) % 4 > 1)
    return Image(seen.astype(np.float32), "YX", name="a"), Image((400 - 2 * seen).astype(np.float32), "YX", name="b")


def test_two_networks_disagree_where_the_image_is_strange(tmp_path: Path) -> None:
    seen, wanted = draw(0)
    config = QUICK.model_copy(update={"uncertainty": True})
    events = list(teach_steps(gather([seen], [wanted], TASKS["synthesize"]), config, "both"))
    taught = events[-1].result
    assert [event.seconds for event in events[:-1]] == sorted(event.seconds for event in events[:-1])
    model = load_model_file(save_model(taught.model, tmp_path / "both.safetensors").path)
    assert len(model.kinds) == 2
    strange, _ = draw(1, strange=True)
    made, doubts = None, None
    for event in restore_steps(strange, model, unsure=True):
        if isinstance(event, Unsure):
            doubts = np.asarray(event.image.data)
        elif isinstance(event, Finished):
            made = np.asarray(event.result.data)
    assert doubts[4:28, 4:28].mean() > 1.5 * doubts[40:, 40:].mean()
    alone = [np.asarray(drain(restore_steps(strange, member)).data) for member in model.kinds]
    np.testing.assert_allclose(made, np.mean(alone, axis=0), atol=0.05)
    assert not np.allclose(*alone, atol=0.05)


def test_one_network_alone_knows_no_doubt() -> None:
    seen, wanted = draw(0)
    config = QUICK.model_copy(update={"max_steps": 1})
    taught = drain(teach_steps(gather([seen], [wanted], TASKS["synthesize"]), config, "one"))
    with pytest.raises(UserError, match="no other contradicts"):
        drain(restore_steps(seen, taught.model, unsure=True))
