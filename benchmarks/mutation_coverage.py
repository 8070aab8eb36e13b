"""Which tests run which lines, and how long they take: a mutant needs only the tests that reach it, quick ones first.

A pytest plugin. `-p mutation_coverage`, with the environment's NAPARI_UNET_LINES naming a folder under which
`napari_unet` lies, writes `lines.json` there when the session ends: `{"seconds": {test: s}, "lines": {file: {line:
[test, ...]}}}`, files relative to the folder. Lines that run as a module is imported are of the test that imports it.

Watching is slow. So a function is watched the first `_CALLS` times that a test calls it, and not after that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(os.environ.get("NAPARI_UNET_LINES", "."))
_PACKAGE = str(ROOT / "napari_unet") + os.sep
_CALLS = 30

_now = ""
_calls: Counter[CodeType] = Counter()
_seconds: dict[str, float] = {}
_lines: dict[tuple[str, int], set[str]] = defaultdict(set)


def _enter(frame: FrameType, event: str, _: Any) -> Any:
    if not frame.f_code.co_filename.startswith(_PACKAGE) or _calls[frame.f_code] == _CALLS:
        return None
    _calls[frame.f_code] += 1
    return _note


def _note(frame: FrameType, event: str, _: Any) -> Any:
    if event == "line":
        _lines[frame.f_code.co_filename, frame.f_lineno].add(_now)
    return _note


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Watch one test, its fixtures included."""
    global _now
    _now, start = item.nodeid, time.perf_counter()
    _calls.clear()
    threading.settrace(_enter)
    sys.settrace(_enter)
    yield
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    _seconds[_now] = round(time.perf_counter() - start, 3)


def pytest_sessionfinish() -> None:
    """Write down what was seen."""
    lines: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for (name, line), tests in _lines.items():
        lines[str(Path(name).relative_to(ROOT))][line] = sorted(tests)
    (ROOT / "lines.json").write_text(json.dumps({"seconds": _seconds, "lines": lines}))
