"""Projects to work on, closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_unet.project.opening import create_project, open_project
from napari_unet.project.project import LABELS, Project
from napari_unet.project.references import ImageReference


@pytest.fixture
def open_projects() -> Iterator[list[Project]]:
    opened: list[Project] = []
    yield opened
    for project in opened:
        project.close()


@pytest.fixture
def project(tmp_path: Path, open_projects: list[Project]) -> Project:
    open_projects.append(create_project(tmp_path / "cells.unetproj"))
    return open_projects[-1]


@pytest.fixture
def reopen(open_projects: list[Project]) -> Callable[[Path], Project]:
    def reopened(path: Path) -> Project:
        open_projects.append(open_project(path))
        return open_projects[-1]

    return reopened


@pytest.fixture
def labels() -> np.ndarray:
    """Two slices (2, 300, 400) int32 with a few objects: two tiles a side."""
    labels = np.zeros((2, 300, 400), np.int32)
    for number, corner in enumerate([(5, 5), (100, 240), (250, 250), (280, 380)], start=1):
        labels[:, corner[0] : corner[0] + 20, corner[1] : corner[1] + 20] = number
    return labels


@pytest.fixture
def image(project: Project, labels: np.ndarray) -> int:
    """The number of an image with labels in `project`."""
    number = project.add_image(ImageReference("cells", "ZYX", labels.shape, {"Y": 0.5, "X": 0.5}, {"Y": "micrometer"}))
    project.set_array(number, LABELS, labels.copy())
    return number
