"""`napari-unet classify` gives the objects of files a class, from a table of examples or a saved classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from phenotypes import draw_phenotypes
from scipy import ndimage

Run = Callable[..., Any]


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Images and labels of two files, and a table of twelve examples of the first one."""
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for seed, name in enumerate("ab"):
        image, labels, classes = draw_phenotypes(seed=2 * seed)
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", image)
        tifffile.imwrite(tmp_path / "labels" / f"{name}_labels.tif", labels.astype(np.uint16))
        truth = pd.DataFrame({"image": f"{name}.tif", "label": list(classes), "class": list(classes.values())})
        truth["class"] = truth["class"].map({0: "smooth", 1: "spotted"})
        truth.to_csv(tmp_path / f"truth_{name}.csv", index=False)
        if name == "a":
            truth.groupby("class").head(6).to_csv(tmp_path / "examples.csv", index=False)
    return tmp_path


def classify(run: Run, plate: Path, model_file: Path, *options: object) -> Any:
    return run(
        "classify", plate / "images", "--labels", plate / "labels", "--model", model_file, "--output",
        plate / "classes.csv", "--json", *options,
    )  # fmt: skip


def test_a_few_examples_give_all_objects_a_class(run: Run, plate: Path, model_file: Path) -> None:
    ran = classify(run, plate, model_file, "--examples", plate / "examples.csv", "--save", plate / "c.safetensors")
    assert ran.code == 0, ran.err
    table = pd.read_csv(plate / "classes.csv")
    truth = pd.concat([pd.read_csv(plate / f"truth_{name}.csv") for name in "ab"], ignore_index=True)
    assert list(table["label"]) == list(truth["label"])
    assert np.mean(table["class"] == truth["class"]) > 0.8
    assert (table["probability"] >= 0.5).all()
    assert ran.answer["objects"] == 72
    assert ran.answer["score"]["examples"] == 12
    assert np.sum(ran.answer["score"]["confusion"]) == 12
    again = plate / "again.csv"
    ran = classify(run, plate, model_file, "--classifier", plate / "c.safetensors", "--output", again)
    assert ran.code == 0, ran.err
    pd.testing.assert_frame_equal(pd.read_csv(again), table)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("id,class\n1,x\n", "no column label"), ("label,class\none,x\n", "no whole number"),
        ("image,label,class\nz.tif,1,x\n", "no examples for these images"),
        ("image,label,class\na.tif,999,x\n", "None of the 1 examples"), ("label,class\n1,x\n2,x\n", "two classes"),
    ],
)  # fmt: skip
def test_bad_examples_get_a_sentence(run: Run, plate: Path, model_file: Path, table: str, what: str) -> None:
    (plate / "bad.csv").write_text(table)
    ran = classify(run, plate, model_file, "--no-network", "--examples", plate / "bad.csv")
    assert ran.code == 2
    assert what in ran.sentence
    assert not (plate / "classes.csv").exists()


def test_whole_images_get_a_class_without_any_labels(run: Run, tmp_path: Path, model_file: Path) -> None:
    (tmp_path / "screen").mkdir()
    random = np.random.default_rng(0)
    for number in range(10):
        grain = ndimage.gaussian_filter(random.normal(0, 1, (64, 64)), 1 if number % 2 else 3)
        tifffile.imwrite(tmp_path / "screen" / f"w{number}.tif", (100 + 20 * grain / grain.std()).astype(np.float32))
    (tmp_path / "examples.csv").write_text("image,class\n" + "".join(f"w{i}.tif,{'ab'[i % 2]}\n" for i in range(4)))
    ran = run(
        "classify", tmp_path / "screen", "--whole-images", "--examples", tmp_path / "examples.csv", "--model",
        model_file, "--output", tmp_path / "out.csv", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns[:3]) == ["image", "class", "probability"]
    assert table["class"].tolist() == ["a", "b"] * 5
    (tmp_path / "examples.csv").write_text("label,class\n1,a\n")
    ran = run("classify", tmp_path / "screen", "--whole-images", "--examples", tmp_path / "examples.csv", "--output",
              tmp_path / "no.csv")  # fmt: skip
    assert "no column image" in ran.sentence


def test_a_file_that_is_no_classifier_is_told(run: Run, plate: Path, model_file: Path) -> None:
    ran = classify(run, plate, model_file, "--classifier", model_file)
    assert ran.code == 2
    assert "no classifier of objects" in ran.sentence
