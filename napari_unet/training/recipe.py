"""A recipe file: which images a base model learns from and is judged by, and how. It reproduces a model."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from napari_unet.errors import UserError
from napari_unet.models.record import ModelRecord
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.simulation.colour import COLOUR_SCENES
from napari_unet.training.simulation.scenes import SCENES

RECIPES = Path(__file__).parent / "recipes"
"""Of the models that ship."""

COLOURS = 3
"""Channels of stained sections: red, green, blue."""


class DataSource(BaseModel):
    """Images with labels of the same base names, and how much of the training they make up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    images: str = Field(description="Pattern of image files, relative to the data folder.")
    labels: str = Field(description="Folder of label files, relative to the data folder.")
    table: str | None = Field(None, description="CSV file with a column `id` that holds the images' base names.")
    where: dict[str, str] = Field(default_factory=dict, description="Values that columns of the table must have.")
    share: float = Field(1.0, gt=0, description="How much of the training, compared with the other sources.")
    stained: bool = Field(False, description="Whether fluorescence is painted in colour, as a stain in tissue.")


class SimulationConfig(BaseModel):
    """Simulated images, whose labels are exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(0, ge=0)
    side: int = Field(320, ge=64, description="Pixels.")
    share: float = Field(0.2, ge=0, description="How much of the training, compared with the sources.")
    seed: int = 0
    rods: float = Field(0.0, ge=0, le=1, description="Share of the images with rods in place of roundish cells.")
    unequal: float = Field(
        0.35, ge=0, description="Largest standard deviation of the logarithm of the objects' brightness in one image."
    )
    scenes: dict[str, float] = Field(
        default_factory=lambda: {"varied": 1.0},
        description="How much of the simulated images each scene makes up, compared with the others.",
    )

    colour_scenes: dict[str, float] = Field(
        default_factory=lambda: {"section": 1.0},
        description="The same, of a network that sees red, green and blue.",
    )

    @field_validator("scenes", "colour_scenes")
    @classmethod
    def _can_be_drawn(cls, scenes: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        known = SCENES if info.field_name == "scenes" else COLOUR_SCENES
        unknown = sorted(set(scenes) - set(known))
        if unknown:
            raise ValueError(f"there is no scene '{unknown[0]}': the known ones are {', '.join(sorted(known))}")
        if not all(0 <= share < math.inf for share in scenes.values()) or not any(scenes.values()):
            raise ValueError("the shares of scenes are numbers from 0 on, one at least above 0")
        return scenes


class Recipe(BaseModel):
    """All that makes a base model, given the data folder that the sources are relative to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    licence: str = ""
    training: BaseTrainingConfig = BaseTrainingConfig()
    learn: tuple[DataSource, ...]
    validate_on: tuple[DataSource, ...] = ()
    simulation: SimulationConfig = SimulationConfig()
    record: dict[str, Any] = Field(default_factory=dict, description="Fields of the model's record: thresholds, sizes.")

    @model_validator(mode="after")
    def _sees_what_is_painted(self) -> Recipe:
        """Stained sections are in colour, other simulated images are grey."""
        channels = self.training.architecture.in_channels
        if channels != COLOURS and any(one.stained for one in (*self.learn, *self.validate_on)):
            raise ValueError(f"what is stained is in colour: set in_channels = {COLOURS}")
        if channels not in (1, COLOURS) and self.simulation.images:
            raise ValueError(f"simulated images have 1 or {COLOURS} channels, not {channels}")
        return self

    def model_record(self) -> ModelRecord:
        """The record of the model to be, without its training."""
        fields = {"name": self.name, "description": self.description, "licence": self.licence} | self.record
        return ModelRecord(architecture=self.training.architecture, **fields)


@dataclass(frozen=True)
class TrainingFile:
    """An image file, the file of its labels, and the source they are of."""

    source: DataSource
    image: Path
    labels: Path


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises `UserError` for one that cannot be understood."""
    try:
        return Recipe(**tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"The recipe {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The recipe {path} is no text in UTF-8: save it as such.") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The recipe {path} is no TOML file: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        at = f" at '{where}'" if where else ""
        raise UserError(f"The recipe {path} has a fault{at}: {first['msg'].removeprefix('Value error, ')}.") from error


def find_files(sources: tuple[DataSource, ...], data: Path) -> Iterator[TrainingFile]:
    """The images of `sources` in the folder `data`, in an order that is always the same."""
    for source in sources:
        chosen = _chosen_names(source, data)
        labels = {path.stem: path for path in (data / source.labels).glob("*")}
        images = [path for path in sorted(data.glob(source.images)) if chosen is None or path.stem in chosen]
        if not images:
            raise UserError(f"There are no images {source.images} of '{source.name}' in {data}: is it the data folder?")
        for path in images:
            if path.stem not in labels:
                raise UserError(f"{path.name} has no labels of that name in {data / source.labels}.")
            yield TrainingFile(source, path, labels[path.stem])


def _chosen_names(source: DataSource, data: Path) -> set[str] | None:
    if source.table is None:
        return None
    try:
        with (data / source.table).open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            rows = list(table)
    except OSError as error:
        raise UserError(f"The table {source.table} of '{source.name}' cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The table {source.table} of '{source.name}' is no text in UTF-8: save it as such.") from error
    if "id" not in (table.fieldnames or ()):
        raise UserError(
            f"The table {source.table} of '{source.name}' has no column 'id': name the column of the images' names so."
        )
    return {row["id"] for row in rows if all(row.get(key) == value for key, value in source.where.items())}
