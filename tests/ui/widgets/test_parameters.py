"""Controls come from the fields: bounds, help, defaults and the value that means "automatic"."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.ui.widgets.parameters import ParameterForm, make_control, read_control, write_control


class Example(BaseModel):
    share: float = Field(0.25, gt=0, lt=1, description="A share.")
    size: int | None = Field(None, ge=64, le=512)
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    name: str = "x"


@pytest.fixture
def form(qtbot: Any) -> ParameterForm:
    form = ParameterForm(Example, tuple(Example.model_fields))
    qtbot.addWidget(form)
    return form


def test_bounds_that_are_excluded_cannot_be_reached(form: ParameterForm) -> None:
    share = form.controls["share"]
    share.setValue(-5)
    assert 0 < share.value() < 0.1
    share.setValue(5)
    assert 0.9 < share.value() < 1
    Example(**form.values())


def test_an_optional_number_starts_automatic_and_stays_within_bounds(form: ParameterForm) -> None:
    size = form.controls["size"]
    assert read_control(size) is None
    assert size.text() == "auto"
    size.setValue(100)
    assert form.values() == {"size": 100}
    assert isinstance(read_control(size), int)
    assert size.text() == "100"
    write_control(size, None)
    assert size.text() == "auto"
    assert form.values() == {}
    size.setValue(10_000)
    assert Example(**form.values()).size == 512


def test_help_and_choices_are_those_of_the_field(form: ParameterForm) -> None:
    assert form.controls["share"].toolTip() == "A share."
    assert [form.controls["kind"].itemText(i) for i in range(2)] == ["a", "b"]


def test_values_are_shown_without_signals_and_edits_are_told(form: ParameterForm, qtbot: Any) -> None:
    calls = []
    form.changed.connect(lambda: calls.append(1))
    form.set_values({"flag": True, "kind": "b", "size": 128})
    assert not calls
    assert form.values() == {"flag": True, "kind": "b", "size": 128}
    form.controls["flag"].setChecked(False)
    assert len(calls) == 1


@pytest.mark.parametrize("config", [SegmentConfig, FinetuneConfig])
def test_every_parameter_has_a_control_that_shows_its_default(config: type[BaseModel], qtbot: Any) -> None:
    for name, field in config.model_fields.items():
        control = make_control(field)
        qtbot.addWidget(control)
        assert read_control(control) == field.default, name
