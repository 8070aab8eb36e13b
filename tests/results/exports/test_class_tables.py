"""Classes of objects in tables: what is read, what is refused, and how they are looked up and coloured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_unet.errors import UserError
from napari_unet.results.exports.object_classes import (
    ObjectClass,
    ObjectClasses,
    add_classes,
    classes_of_image,
    classes_of_table,
    read_class_tables,
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "label,class\n1,dead\n7,alive\n",
        "Label;CLASS ;note\n1;dead;x\n7; alive ;y\n",
        "\ufeffclass\tlabel\ndead\t1\nalive\t7.0\n",
        "label,class,t\n1,dead,\n7,alive,0\n5,,0\n6,  ,0\n",
    ],
)
def test_headings_separators_and_blanks_as_people_leave_them(tmp_path: Path, text: str) -> None:
    tables = read_class_tables(written(tmp_path / "a.csv", text))
    assert list(tables) == [""]
    assert dict(tables[""].found) == {(0, 1): ObjectClass("dead"), (0, 7): ObjectClass("alive")}


def test_a_table_of_several_images_is_divided_and_a_film_keeps_its_frames(tmp_path: Path) -> None:
    text = "image,t,label,class,probability\nx/a.tif,0,1,p,0.5\na.tif,2,1,q,1\nb.tif,0,1,p,0\n"
    tables = read_class_tables(written(tmp_path / "a.csv", text))
    assert set(tables) == {"a.tif", "b.tif"}
    assert tables["a.tif"].of(0, 1) == ObjectClass("p", 0.5)
    assert tables["a.tif"].of(2, 1) == ObjectClass("q", 1.0)
    assert tables["b.tif"].of(0, 1) == ObjectClass("p", 0.0)
    assert tables["b.tif"].of(2, 1) is None


def test_classes_of_whole_images_need_no_ids(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "image,class\na.tif,mutant\nb.tif,wild\n")
    tables = read_class_tables(path, whole=True)
    assert tables["a.tif"].of(0, 1) == ObjectClass("mutant")
    with pytest.raises(UserError, match=r"a\.csv has no column label: it needs the columns label and class\."):
        read_class_tables(path)
    with pytest.raises(UserError, match=r"b\.csv has no column image, class: it needs the columns image and class\."):
        read_class_tables(written(tmp_path / "b.csv", "file,kind\na,b\n"), whole=True)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("x,0,p,1", r"'x' in the column label is no whole number"),
        ("1.5,0,p,1", r"'1\.5' in the column label is no whole number"),
        ("inf,0,p,1", r"'inf' in the column label is no whole number"),
        ("nan,0,p,1", r"'nan' in the column label is no whole number"),
        ("1,late,p,1", r"'late' in the column t is no whole number"),
        ("1,0,p,high", r"'high' in the column probability is no number from 0 to 1"),
        ("1,0,p,-0.1", r"'-0\.1' in the column probability is no number from 0 to 1"),
        ("1,0,p,nan", r"'nan' in the column probability is no number from 0 to 1"),
    ],
)
def test_numbers_that_are_none_are_named(tmp_path: Path, row: str, sentence: str) -> None:
    path = written(tmp_path / "a.csv", f"label,t,class,probability\n2,0,p,\n{row}\n")
    with pytest.raises(UserError, match=rf"a\.csv: {sentence}; mend it\."):
        read_class_tables(path)


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no table .*none\.csv: check the name\."):
        read_class_tables(tmp_path / "none.csv")
    for content in (b"", b"\xff\xfe\x00\x01"):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(UserError, match=r"a\.csv cannot be read as a table \(.*\): save it as \.csv\."):
            read_class_tables(tmp_path / "a.csv")


def test_an_image_is_found_with_and_without_its_ending_and_a_table_of_none_is_of_any() -> None:
    one, two = ObjectClasses({(0, 1): ObjectClass("p")}), ObjectClasses({(0, 2): ObjectClass("q")})
    tables = {"a.ome.tif": one, "": two}
    for name in ("a", "a.tif", "folder/a.ome.tif"):
        assert dict(classes_of_image(tables, name).found) == {**one.found, **two.found}
    assert dict(classes_of_image(tables, "b.tif").found) == dict(two.found)
    assert not classes_of_image({"a.tif": one}, "ab.tif")


def test_rows_of_several_files_get_their_own_classes_in_the_order_they_have() -> None:
    table = pd.DataFrame(
        {"image": ["b.tif", "a.tif", "b.tif"], "label": [1, 1, 2], "class": "old", "area": [1, 2, 3]}, index=[5, 3, 9]
    )
    table.attrs["units"] = {"area": "px"}
    tables = {
        "a.tif": ObjectClasses({(0, 1): ObjectClass("p", 0.5)}),
        "b.tif": ObjectClasses({(0, 2): ObjectClass("q")}),
    }
    found = add_classes(table, tables)
    assert found.index.tolist() == [5, 3, 9]
    assert found["class"].tolist() == ["", "p", "q"]
    np.testing.assert_array_equal(found["probability"], [np.nan, 0.5, np.nan])
    assert found["area"].tolist() == [1, 2, 3]
    assert found.attrs == {"units": {"area": "px"}}


@pytest.mark.parametrize("columns", [["label"], ["class"], ["area"]])
def test_a_table_without_labels_or_classes_says_nothing(columns: list[str]) -> None:
    assert not classes_of_table(pd.DataFrame({name: ["1"] for name in columns}))


def test_rows_without_a_class_say_nothing_and_an_unknown_probability_is_none() -> None:
    table = pd.DataFrame({"label": [1, 2, 3, 4], "class": [" p ", "", None, "q"], "probability": [np.nan, 1, 1, 0.5]})
    found = classes_of_table(table, {"p": "#010203"})
    assert dict(found.found) == {(0, 1): ObjectClass("p"), (0, 4): ObjectClass("q", 0.5)}
    assert found.rgb("p") == (1, 2, 3)


def test_classes_without_a_chosen_colour_have_one_each_and_the_ninth_begins_again() -> None:
    classes = ObjectClasses({(0, label): ObjectClass(f"c{label}") for label in range(1, 10)}, {"c2": "#ffffff"})
    assert classes.names == tuple(f"c{label}" for label in range(1, 10))
    assert [classes.number(name) for name in ("c1", "c9")] == [1, 9]
    assert classes.rgb("c1") == classes.rgb("c9") == (0xE6, 0x9F, 0x00)
    assert classes.rgb("c2") == (255, 255, 255)
    assert len({classes.rgb(name) for name in classes.names[:8]}) == 8


def test_the_commonest_class_of_an_id_has_the_mean_of_its_own_probabilities() -> None:
    ones = [ObjectClass("p", 0.5), ObjectClass("q", 0.9), ObjectClass("p", 1.0), ObjectClass("p")]
    classes = ObjectClasses({(t, 3): one for t, one in enumerate(ones)} | {(0, 4): ObjectClass("q")})
    assert classes.by_id() == {3: ObjectClass("p", 0.75), 4: ObjectClass("q")}
    assert classes.told_of_frames() == [
        "An id has one class there: of 1 that change it with time, the commonest was written."
    ]
    assert ObjectClasses({(0, 4): ObjectClass("q"), (1, 4): ObjectClass("q", 0.1)}).told_of_frames() == []


def test_the_table_names_frames_only_where_there_are_several() -> None:
    one = ObjectClasses({(0, 5): ObjectClass("p", 0.5), (0, 2): ObjectClass("q")})
    assert list(one.table()) == ["label", "class", "probability"]
    assert one.table()[["label", "class"]].to_numpy().tolist() == [[2, "q"], [5, "p"]]
    np.testing.assert_array_equal(one.table()["probability"], [np.nan, 0.5])
    film = ObjectClasses({(1, 2): ObjectClass("p"), (0, 2): ObjectClass("q")})
    assert film.table()[["t", "label", "class"]].to_numpy().tolist() == [[0, 2, "q"], [1, 2, "p"]]
