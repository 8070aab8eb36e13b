"""Controls for the fields of a pydantic config: title, help text and bounds are those of the field."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from magicgui.widgets import create_widget
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QLineEdit, QWidget

from napari_unet.ui.widgets.access.caption import caption

AUTOMATIC = "auto"
_LARGEST = 2_000_000_000
_NARROWEST = 90  # pixels: the form fits a narrow dock


class ParameterForm(QWidget):
    """A form of some fields of one config class. `values()` gives what differs from the defaults."""

    changed = Signal()

    def __init__(self, config: type[BaseModel], names: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls: dict[str, QWidget] = {}
        self._config = config
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name in names:
            field = config.model_fields[name]
            control = self.controls[name] = make_control(field)
            control.setObjectName(name)
            control.setMinimumWidth(_NARROWEST)
            layout.addRow(caption(field.title or name, control), control)
            _changed(control).connect(self._on_changed)

    def values(self) -> dict[str, Any]:
        """The values that are not the defaults, by field name."""
        found = {name: read_control(control) for name, control in self.controls.items()}
        return {name: value for name, value in found.items() if value != self._config.model_fields[name].default}

    def set_values(self, values: dict[str, Any]) -> None:
        """Show `values`, and the default for every other field, without a signal."""
        for name, control in self.controls.items():
            write_control(control, values.get(name, self._config.model_fields[name].default))

    def show_row(self, name: str, shown: bool) -> None:
        """Show or hide a parameter that does not apply; a hidden one keeps its value."""
        self.layout().setRowVisible(self.controls[name], shown)

    def _on_changed(self) -> None:
        self.changed.emit()


def make_control(field: FieldInfo) -> QWidget:
    """The widget for one field: its kind follows from the type, its bounds and help from the field."""
    kind, optional = _plain_type(field.annotation)
    choices = _choices(field, kind)
    options: dict[str, Any] = {"tooltip": _help(field)}
    if kind is bool:
        options["text"] = ""  # beside it, as of all others
    elif choices:
        kind, options["choices"] = str, choices
    elif kind in (int, float):
        options |= _range(field, kind, optional)
        kind = float if optional else kind  # magicgui's box of whole numbers cannot say "auto"
    made = create_widget(annotation=kind, options=options)
    control: QWidget = made.native
    control.magic = made  # Qt keeps the control, and nobody else this: it goes when the control goes
    if kind in (int, float):
        _finish_number(control, field, options["step"], optional)
    write_control(control, field.default)
    return control


def read_control(control: QWidget) -> Any:
    """The value shown; None where a number is left to the program ("auto")."""
    if isinstance(control, QCheckBox):
        return control.isChecked()
    if isinstance(control, QComboBox):
        return control.currentText()
    if isinstance(control, QLineEdit):
        return control.text()
    if control.specialValueText() and control.value() == control.minimum():
        return None
    value = control.value()
    if isinstance(control, QDoubleSpinBox):
        return round(value, control.decimals()) if control.decimals() else int(value)
    return value


def write_control(control: QWidget, value: Any) -> None:
    """Show `value`, without a signal."""
    blocked = QSignalBlocker(control)
    if isinstance(control, QCheckBox):
        control.setChecked(bool(value))
    elif isinstance(control, QComboBox):
        control.setCurrentText(str(value))
    elif isinstance(control, QLineEdit):
        control.setText("" if value is None else str(value))
    else:
        control.setValue(control.minimum() if value is None else value)
    blocked.unblock()


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None, bool, bool]:
    """Lower and upper bound of a number, and whether each is itself excluded."""
    marks = {type(mark).__name__: mark for mark in field.metadata}  # pydantic's, out of annotated_types
    found = {kind.lower(): getattr(marks[kind], kind.lower()) for kind in ("Ge", "Gt", "Le", "Lt") if kind in marks}
    low, high = found.get("gt", found.get("ge")), found.get("lt", found.get("le"))
    return low, high, "gt" in found, "lt" in found


def _range(field: FieldInfo, kind: type, optional: bool) -> dict[str, float]:
    low, high, low_open, high_open = bounds_of(field)
    low = 0 if low is None else low
    high = _LARGEST if high is None else high
    small = 1 if kind is int else _step(low, high)
    first = low + small if low_open else low
    # The value below the smallest allowed one stands for "left to the program".
    lowest = first - small if optional else first
    step = small if kind is float else max(1, int(low) // 2 if optional else 1)
    return {"min": lowest, "max": high - small if high_open else high, "step": step, "value": lowest}


def _finish_number(control: Any, field: FieldInfo, step: float, optional: bool) -> None:
    if isinstance(control, QDoubleSpinBox):
        control.setDecimals(max(_decimals(step), _decimals(field.default or 0)))
    if optional:
        control.setSpecialValueText(AUTOMATIC)
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "unit" in extra:
        control.setSuffix(f" {extra['unit']}")


def _decimals(value: float) -> int:
    """Digits behind the point that `value` needs."""
    return len(f"{value:.8f}".rstrip("0").split(".")[1])


def _step(low: float, high: float) -> float:
    span = high - low
    return 0.0001 if span <= 0.2 else 0.05 if span <= 1 else 1.0


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None was allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [kind for kind in get_args(annotation) if kind is not type(None)]
        return rest[0], len(rest) < len(get_args(annotation))
    return annotation, False


def _choices(field: FieldInfo, kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    extra = field.json_schema_extra
    choices = extra.get("choices") if isinstance(extra, dict) else None
    return [str(choice) for choice in choices] if isinstance(choices, list | tuple) else []


def _help(field: FieldInfo) -> str:
    return field.description or field.title or ""


def _changed(control: QWidget) -> Any:
    if isinstance(control, QCheckBox):
        return control.toggled
    if isinstance(control, QComboBox):
        return control.currentTextChanged
    if isinstance(control, QLineEdit):
        return control.editingFinished
    return control.valueChanged
