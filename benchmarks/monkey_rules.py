"""What must hold in the window after whatever the monkey did."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from typing import Any

import numpy as np
from monkey_controls import windows
from qtpy.QtCore import QtMsgType, qInstallMessageHandler
from qtpy.QtWidgets import QAbstractButton
from window_driver import let_run

from napari_unet.ui.session.jobs import FINETUNE, SEGMENT
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.trackers import get_trackers

LOOP_SECONDS = 5.0  # of this process' own computing: a slow machine is no finding
WAIT_SECONDS = 120.0  # by the clock: nothing is computed, and nothing happens either
JOB_SECONDS = 120.0
SHOWN_SECONDS = 2.0
_MOST_STEPS = 150


class BrokenRuleError(Exception):
    """Which rule, and how."""


class Rules:
    """Listens to everything that complains, and looks at the window."""

    def __init__(self) -> None:
        self._complaints: list[str] = []
        sys.excepthook = lambda kind, error, trace: self._note("".join(traceback.format_exception(error)))
        threading.excepthook = lambda args: self._note("".join(traceback.format_exception(args.exc_value)))
        qInstallMessageHandler(self._on_qt)
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: self._note(f"{record.name}: {record.getMessage()}")  # type: ignore[method-assign]
        for name in ("vispy", "napari"):
            logging.getLogger(name).addHandler(handler)
        from napari.utils.notifications import notification_manager

        notification_manager.notification_ready.connect(self._on_notification)

    def _note(self, text: str) -> None:
        self._complaints.append(text)

    def _on_qt(self, kind: Any, context: Any, text: str) -> None:
        if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            self._note(f"Qt: {text}")

    def _on_notification(self, notification: Any) -> None:
        if str(notification.severity) == "error":
            error = getattr(notification, "exception", None)
            text = "".join(traceback.format_exception(error)) if error is not None else notification.message
            self._note(text)

    # -- after each action ------------------------------------------------------------------------------------------

    def check(self, monkey: Any) -> None:
        """Raises `BrokenRuleError`."""
        self._check_loop()
        if self._complaints:
            text = self._complaints[0].strip().splitlines()
            raise BrokenRuleError(f"complaint: {text[-1]} | {' | '.join(text[-9:-1])}")
        self._check_controls(monkey)

    def _check_loop(self) -> None:
        start, spent = time.monotonic(), time.process_time()
        let_run(0)
        if time.process_time() - spent > LOOP_SECONDS or time.monotonic() - start > WAIT_SECONDS:
            raise BrokenRuleError("the event loop stood still")

    def _check_controls(self, monkey: Any) -> None:
        panel, job = monkey.panel, monkey.session.job
        owner = None if job is None else job.owner
        shown = {SEGMENT: panel.segment_step.progress, FINETUNE: panel.finetune_step.training,
                 "adopt": panel.image_step.progress, "track": panel.track_step.progress,
                 "results": panel.results_step.progress, "restore": panel.restore_step.progress}  # fmt: skip
        for name, widget in shown.items():
            visible = not widget.isHidden()
            if visible and owner != name:
                raise BrokenRuleError(f"{name} shows progress, and the job is {owner}")
            if (
                owner == name
                and not visible
                and not panel.isHidden()
                and time.monotonic() - job.started > SHOWN_SECONDS
            ):
                raise BrokenRuleError(f"{name} works, and shows no progress")
        says = panel.segment_step.state
        if says == "segmenting" and owner != SEGMENT:
            raise BrokenRuleError(f"the step says {says!r}, and the job is {owner}")
        for part in (*panel.steps, panel.strip, panel.pinned, panel.project_bar, *windows()):
            for button in part.findChildren(QAbstractButton):
                if button.isVisible() and not button.isEnabled() and not button.toolTip():
                    raise BrokenRuleError(f"the button {button.text()!r} is dead and does not say why")
        current = monkey.session.current
        self._check_images(monkey)
        if job is None and current is not None and not panel.segment_step.segment_button.isEnabled():
            raise BrokenRuleError(f"Segment is dead: {panel.segment_step.segment_button.toolTip()}")

    def _check_images(self, monkey: Any) -> None:
        """What is worked on is there, and has the shape of its image; no image has two works, and no layer two."""
        session, layers = monkey.session, monkey.viewer.layers
        if session.current is not None and session.current not in session.works:
            raise BrokenRuleError(f"{session.current.name} is worked on, and is gone")
        owned = [layer for work in session.works for layer in (work.layer, *work.layers.values())]
        for layer in owned:
            if layer not in layers:
                raise BrokenRuleError(f"{layer.name} belongs to an image, and is gone")
        if len({id(layer) for layer in owned}) < len(owned):
            raise BrokenRuleError("a layer belongs to two images")
        for work in session.works:
            for array in (work.labels, work.reviewed, work.prediction):
                if array is not None and array.shape != work.shape:
                    raise BrokenRuleError(f"{work.name} has {work.shape}, and something of it {array.shape}")

    # -- at the end -------------------------------------------------------------------------------------------------

    def check_end(self, monkey: Any) -> None:
        """Let everything come to rest; then the project and the undo history have to agree with the window."""
        session = monkey.session
        session.stop_jobs()
        until, spent = time.monotonic() + 5 * JOB_SECONDS, time.process_time()
        while session.job is not None:
            if time.process_time() - spent > JOB_SECONDS or time.monotonic() > until:
                raise BrokenRuleError("the job does not stop")
            let_run(0.05)
        let_run(0.5)
        self.check(monkey)
        for work in list(session.works):
            self._check_project(monkey, work)
            self._check_undo(monkey, work)
            self._check_project(monkey, work)
        self.check(monkey)

    def _check_project(self, monkey: Any, work: Any) -> None:
        keeper = get_keeper(monkey.session)
        get_trackers(monkey.session).finish()
        let_run(0.4)
        keeper.finish()
        number = keeper.number_of(work)
        if number is None or keeper.project is None:
            return
        if not keeper.project.flush(30):
            raise BrokenRuleError("the project was not written")
        for role, array in (("labels", work.labels), ("reviewed", work.reviewed)):
            kept = keeper.project.read_array(number, role)
            if array is None:
                if kept is not None and role in work.layers:
                    raise BrokenRuleError(f"{role} of {work.name} are in the project, and not in the window")
            elif kept is None or not np.array_equal(kept, array):
                told = f"{role} of {work.name} in the project are others than in the window"
                raise BrokenRuleError(f"{told}: {describe_difference(kept, array)}")

    def _check_undo(self, monkey: Any, work: Any) -> None:
        """All the way back and forth twice: the same two ends. What was undone before is brought back first."""
        undo = get_undo(monkey.session)
        ends = []
        for go in (undo.redo, undo.undo, undo.redo, undo.undo, undo.redo):
            steps = 0
            while go(work):
                steps += 1
                if steps > _MOST_STEPS:
                    raise BrokenRuleError("undo comes to no end")
            print(f"   {go.__name__} {steps} times", flush=True)
            ends.append(self._state(monkey, work))
        if ends[2] != ends[0] or ends[4] != ends[0]:
            told = [_difference(ends[0], end) for end in (ends[2], ends[4])]
            raise BrokenRuleError(f"redo does not bring {work.name} back to where undo began: {told}")
        if ends[1] != ends[3]:
            raise BrokenRuleError(f"undo ends elsewhere the second time in {work.name}")

    def _state(self, monkey: Any, work: Any) -> tuple[bytes, bytes]:
        get_trackers(monkey.session).finish()
        let_run(0.01)
        labels, reviewed = work.labels, work.reviewed
        return (
            b"" if labels is None else np.ascontiguousarray(labels).tobytes(),
            b"" if reviewed is None else np.packbits(reviewed > 0).tobytes(),
        )


def _difference(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> str:
    """How many bytes of labels and of reviewed marks differ."""
    pairs = [(np.frombuffer(a, np.uint8), np.frombuffer(b, np.uint8)) for a, b in zip(one, other, strict=True)]
    return ", ".join(str(np.count_nonzero(a != b)) if a.size == b.size else "all" for a, b in pairs)


def describe_difference(kept: Any, shown: Any) -> str:
    """Where two arrays differ, and how."""
    if kept is None or kept.shape != shown.shape:
        return f"{None if kept is None else kept.shape} for {shown.shape}"
    places = np.argwhere(kept != shown)
    some = [(tuple(at), int(kept[tuple(at)]), int(shown[tuple(at)])) for at in places[:: max(1, len(places) // 4)]]
    return f"{len(places)} pixels from {places.min(0).tolist()} to {places.max(0).tolist()}, as {some}"
