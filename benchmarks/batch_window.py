"""*Segment files...* in a napari window, driven from outside: segments a folder, measures and exports it, and ends.

    scripts/with_screen.sh python benchmarks/batch_window.py IMAGES LABELS [--model "Nuclei 2D"] [--diameter 24]

What is done is left as it is, as when a user opens the window again after a crash. `batch_kills.py --window` starts it,
and kills it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import own_folders  # noqa: F401  (first: it keeps napari from the user's settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--model", default="Nuclei 2D")
    parser.add_argument("--diameter", default="24")
    args = parser.parse_args()
    args.labels.mkdir(parents=True, exist_ok=True)
    import napari

    from napari_unet.ui.panel import UNetPanel

    viewer = napari.Viewer(show=True)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel)
    driver = _Driver(panel, args)  # Qt does not keep who listens
    driver.begin()
    napari.run()
    return 0


class _Driver:
    """One click after another, each when the job before it has ended."""

    def __init__(self, panel: Any, args: argparse.Namespace) -> None:
        self._session, self._args = panel.session, args
        panel.session.use_model(args.model)
        panel.results_step.show_files()
        self._window = panel.results_step.files_window
        self._steps, self._busy = [self._measure, self._export, self._quit], False

    def begin(self) -> None:
        choice = self._window.choice
        choice.labels_edit.setText(str(self._args.labels))
        choice.diameter.setText(self._args.diameter)
        choice.choose([str(self._args.images)])
        self._session.jobs.changed.connect(self._on_jobs)
        self._window.start_button.click()

    def _on_jobs(self, *values: object) -> None:
        from qtpy.QtCore import QTimer

        ended, self._busy = self._busy and self._session.job is None, self._session.job is not None
        if ended:  # in the next round of events: who listens after us is to have heard of it too
            QTimer.singleShot(0, self._steps.pop(0))

    def _measure(self) -> None:
        self._window.measure(self._args.labels / "objects.csv")

    def _export(self) -> None:
        self._window.export("imagej", self._args.labels, force=True)

    def _quit(self) -> None:
        import napari

        print(self._window.message.text)
        napari.current_viewer().close()


if __name__ == "__main__":
    sys.exit(main())
