"""A field for one number with its unit: point or comma, empty for what the program finds out, and no nonsense."""

from __future__ import annotations

import math

from pydantic.fields import FieldInfo
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_unet.errors import UserError
from napari_unet.ui.widgets.parameters import AUTOMATIC, bounds_of


def read_number(text: str, unit: str, low: float, high: float) -> float | None:
    """The number in `text`; None for "auto" or nothing. Raises `UserError` for what is no number between the bounds.

    A comma is a decimal point, as half of the world writes it: taken for a thousands separator, 24,5 would be 245.
    """
    words = text.strip().lower().removesuffix(unit).strip()
    if words in ("", AUTOMATIC):
        return None
    try:
        value = float(words.replace(",", "."))
    except ValueError:
        value = math.nan
    if not low < value <= high:  # nan is not, either
        raise UserError(
            f"\N{LEFT DOUBLE QUOTATION MARK}{text.strip()}\N{RIGHT DOUBLE QUOTATION MARK} is no number between "
            f"{low:g} and {high:g}: type one such as 24.5, or leave the field empty to have it estimated."
        )
    return value


class NumberField(QLineEdit):
    """`chosen` gives the number that was typed, None for "auto"; `refused` the sentence that says why it is none."""

    chosen = Signal(object)
    refused = Signal(str)

    def __init__(self, field: FieldInfo, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        low, high, _, _ = bounds_of(field)
        self._unit, self._low, self._high = unit, low or 0.0, math.inf if high is None else high
        self._value: float | None = None
        self.setToolTip(field.description or field.title or "")
        self.setPlaceholderText(AUTOMATIC)
        self.editingFinished.connect(self.settle)
        self.show_value(None)

    @property
    def value(self) -> float | None:
        """The number that counts: the last one that could be understood."""
        return self._value

    def show_value(self, value: float | None) -> None:
        """Show a number, without a signal."""
        self._value = value
        self.setText("" if value is None else f"{round(value, 1):g} {self._unit}")

    def settle(self) -> bool:
        """Take over what was typed; False if that is no such number. Return and leaving the field do so, too."""
        try:
            value = read_number(self.text(), self._unit, self._low, self._high)
        except UserError as error:
            self.refused.emit(str(error))
            return False
        # What is shown is rounded: to leave the field as it was chooses nothing.
        if value == (None if self._value is None else round(self._value, 1)):
            self.show_value(self._value)
            self.refused.emit("")
        else:
            self.show_value(value)
            self.chosen.emit(value)
        return True
