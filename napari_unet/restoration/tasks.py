"""What can be restored: each task with its words and what it needs, so that nobody else asks for one by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from napari_unet.models.record import GreyOutput, TaskName

_HONESTY = (
    "Restored grey values are a guess of what is behind the noise: look at them, and measure in the image itself."
)
UNSURE = "Where two opinions disagree, what is shown is invented: there the map of the unsure is bright."
_INVENTED = "What is shown was made from another channel: it is what is likely there, and not what is there."


@dataclass(frozen=True)
class RestorationTask:
    """One kind of restoration.

    Attributes
    ----------
    name : str
        As models and the command line say it.
    title : str
        As the window says it.
    made : str
        What an image is called afterwards, behind its own name.
    factor : int
        How many times larger than the image the output is, along Y and X.
    removes_noise : bool
        Noise is what is taken away: an image teaches that by itself at blind spots, and its smoothed self is a start.
    same_signal : bool
        The output shows what the image shows. If not, it can only be learned from pairs, which need not look alike, and
        its grey values are those of what was wanted.
    along_z : bool
        The axis that becomes finer is z; it is taught on the sharp planes of the same stack.
    advice : str
        What a user ought to know of such images.
    """

    name: TaskName
    title: str
    made: str
    factor: int = 1
    removes_noise: bool = False
    same_signal: bool = True
    along_z: bool = False
    advice: str = _HONESTY

    @property
    def filtered(self) -> bool:
        """Whether a linear filter is a start: where what is wanted looks alike, as noise and pixels leave it."""
        return self.removes_noise or self.factor > 1

    @property
    def needs_pairs(self) -> bool:
        """Whether the images teach nothing by themselves."""
        return not self.same_signal


TASKS: Mapping[TaskName, RestorationTask] = MappingProxyType(
    {
        task.name: task
        for task in (
            RestorationTask("denoise", "Denoise", "denoised", removes_noise=True),
            RestorationTask("upscale", "Twice the rows and columns", "enlarged", factor=2),
            RestorationTask("isotropic", "Voxels as long as wide", "isotropic", along_z=True),
            RestorationTask("synthesize", "Another channel", "synthesized", same_signal=False, advice=_INVENTED),
        )
    }
)


def task_of(grey: GreyOutput) -> RestorationTask:
    """What a model for restoration does."""
    return TASKS[grey.task]
