"""How the ONNX network of another program is run, and what its answer means. No torch here: records hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StepName = Literal["sigmoid", "softmax", "binarize", "clip", "scale_linear"]
Reading = Literal["object", "object_boundary", "interior_boundary", "classes", "one_class"]
"""What the channels of the answer are: "object", a probability; "object_boundary", that and one of boundaries;
"interior_boundary", classes of which one is the inside of objects and one their boundary; "classes"; or "one_class",
the probability of a class beside the background."""

FOREIGN = (
    "{name} is an ONNX network of another program: it segments, but cannot be fine-tuned or changed. Choose a model of "
    "this program in Models, and fine-tune that on your corrections."
)


class AnswerStep(BaseModel):
    """What is done with the answer; the names, and what the numbers are, are those of BioImage.IO."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: StepName
    numbers: tuple[float, ...] = Field((), description="threshold; min and max; gain and offset.")


class ForeignNetwork(BaseModel):
    """A 2D network that was made by another program; grey values are scaled before it as the record says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str = Field("", description="Of the ONNX file.")
    input_axes: str = Field("bcyx", description="Batch, channels, rows and columns, in the network's order.")
    output_axes: str = "bcyx"
    smallest: tuple[int, int] = Field((1, 1), description="Rows and columns that it takes at least.")
    step: tuple[int, int] = Field((1, 1), description="What these grow by; 0: it takes no others.")
    clip: tuple[float, float] | None = Field(None, description="Limits of the scaled grey values.")
    answer: tuple[AnswerStep, ...] = ()
    reading: Reading = "object"
    inside: int = Field(0, ge=0, description="Channel of objects, or of their inside.")
    boundary: int = Field(1, ge=0, description="Channel of boundaries, where there is one.")

    def least_channels(self, n_outputs: int) -> int:
        """How many channels an answer has at least, of which the head of the record makes `n_outputs` maps."""
        return {"object": 1, "one_class": 1, "classes": n_outputs}.get(self.reading, 2)


@dataclass(frozen=True, eq=False)
class ForeignGraph:
    """The file's bytes, and how it is run. It learns nothing."""

    payload: bytes
    how: ForeignNetwork
