"""Does ImageJ see what was labelled? The ROIs of `napari-unet export --format imagej`, opened by ImageJ itself.

    scripts/with_screen.sh python benchmarks/imagej_rois.py [--jar /usr/share/java/ij.jar]

Needs Java and ImageJ's jar (Debian: `apt-get install imagej`). Makes labels with holes, objects in several parts and
objects of one pixel; ImageJ's ROI Manager opens the zip over an empty image of the same size and measures every ROI.
Prints how many it found, and how many have another area than the labels.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from napari_unet.images.image import Image
from napari_unet.results.exports.imagej import write_rois

_MACRO = """
setBatchMode(true);
newImage("labels", "8-bit black", {width}, {height}, 1);
roiManager("Open", "{zip}");
run("Set Measurements...", "area redirect=None decimal=6");
count = roiManager("count");
text = "name,area\\n";
for (i = 0; i < count; i++) {{
    roiManager("select", i);
    List.setMeasurements;
    text = text + call("ij.plugin.frame.RoiManager.getName", i) + "," + List.getValue("Area") + "\\n";
}}
File.saveString(text, "{table}");
"""


def make_labels(side: int, seed: int = 0) -> npt.NDArray[np.int32]:
    """Ragged objects on a grid: some with holes, some in parts, some of one pixel."""
    generator = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(generator.normal(size=(side, side)), 2)
    rows, columns = np.indices((side, side)) // 32
    labels = np.where(noise > 0, rows * (side // 32) + columns + 1, 0).astype(np.int32)
    labels[::97, ::89] = labels.max() + 1 + np.arange(labels[::97, ::89].size).reshape(labels[::97, ::89].shape)
    return labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jar", type=Path, default=Path("/usr/share/java/ij.jar"))
    parser.add_argument("--side", type=int, default=1024)
    args = parser.parse_args()
    labels = make_labels(args.side)
    with tempfile.TemporaryDirectory() as folder:
        rois, table, macro = (Path(folder) / name for name in ("labels_rois.zip", "areas.csv", "measure.ijm"))
        write_rois(Image(labels, "YX", name="labels"), rois)
        macro.write_text(_MACRO.format(width=args.side, height=args.side, zip=rois, table=table))
        subprocess.run(["java", "-cp", str(args.jar), "ij.ImageJ", "-batch", str(macro)], check=True, timeout=600)
        found = pd.read_csv(table)
    areas = np.bincount(labels.ravel())
    expected = areas[found["name"].to_numpy()]
    wrong = int(np.count_nonzero(expected != found["area"]))
    print(f"{np.count_nonzero(areas[1:])} objects, {len(found)} ROIs in ImageJ, {wrong} of another area")


if __name__ == "__main__":
    main()
