"""Listening to what outlives a widget: the session and the viewer stay when the user closes the panel."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from qtpy.compat import isalive
from qtpy.QtCore import QObject


def listen(owner: QObject, signal: Any, method: Any) -> None:
    """Connect `method`, one of `owner`'s, to a signal of psygnal or napari, to be called only while Qt has `owner`.

    These know when a Python object is gone, but not when only its Qt half is: that happens as soon as a dock is closed.
    As with psygnal, the method gets as many of the signal's values as it takes.
    """
    alive = weakly(method)
    kinds = [parameter.kind for parameter in inspect.signature(method).parameters.values()]
    takes = None if inspect.Parameter.VAR_POSITIONAL in kinds else len(kinds)
    del owner, method  # nothing of the widget is kept alive from here

    def call(*values: Any) -> None:
        alive(*values[:takes])

    signal.connect(call)


def weakly(method: Callable[..., Any], *first: Any) -> Callable[..., Any]:
    """`method`, with `first` before other arguments, as long as its object lives and Qt has it; None from then on.

    For keys and mouse of layers, which outlive the panel: the user may close it and open it again.
    """
    reference = WeakMethod(method)

    def call(*values: Any) -> Any:
        alive = reference()
        owner = getattr(alive, "__self__", None)  # None: the object is gone
        if alive is None or (isinstance(owner, QObject) and not isalive(owner)):
            return None
        return alive(*first, *values)

    return call
