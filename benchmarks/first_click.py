"""How long the window stands still on the first *Segment* of a program: the longest gap of the event loop, in ms.

usage: scripts/with_screen.sh python benchmarks/first_click.py [--cold]

Opens the window with the sample, waits until what the first click needs was loaded (--cold: does not load it), clicks
*Segment*, and prints the longest time between two ticks of a timer, before the click and from it to the labels.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from itertools import pairwise

from qtpy.QtCore import QTimer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true")
    args = parser.parse_args()
    if args.cold:
        os.environ["NAPARI_UNET_NO_WARMING"] = "1"
    from napari_unet.images.files.sample_data import sample_path
    from napari_unet.ui.demo.run import close_window, open_window, user_folders_untouched
    from napari_unet.ui.demo.user import DemoUser, pause, wait_until

    with user_folders_untouched():
        viewer, panel = open_window((1280, 800))
        ticks: list[float] = []
        timer = QTimer(interval=5)
        timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
        timer.start()
        panel.image_step.open_paths([sample_path("nuclei_2d")])
        if args.cold:
            pause(3)
        else:
            wait_until(lambda: "napari_unet.segmentation.segment" in sys.modules, 120, "Loading")
            pause(2)
        clicked = time.perf_counter()
        DemoUser(viewer, panel).segment()
        before = [b - a for a, b in pairwise(ticks) if b < clicked]
        after = [b - a for a, b in pairwise(ticks) if b >= clicked]
        print(f"{'cold' if args.cold else 'warm'}: longest gap {1000 * max(before):.0f} ms before the click, "
              f"{1000 * max(after):.0f} ms from it to the labels")  # fmt: skip
        close_window(viewer)


if __name__ == "__main__":
    main()
