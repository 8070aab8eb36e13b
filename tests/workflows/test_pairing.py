import unicodedata

import numpy as np
import pytest
import tifffile
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.workflows.files.batch_plan import expand_inputs
from napari_unet.workflows.pairing import find_pairs, match_files


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("a.tif", "a.png"),
        ("a.tif", "a_masks.tif"),
        ("a.tif", "a_cp_masks.png"),
        ("a.ome.tif", "a_labels.tif"),
        ("a_img.tif", "a_masks.tif"),
        ("a_img.tif", "a.tif"),
        ("a_img.tif", "a_img_cp_masks.png"),
        ("A.TIF", "a_Mask.tif"),
        ("a.tif", "a_seg.tif"),
        ("a.tif", "a-mask.tif"),
        ("a.tif", "a.masks.tif"),
        ("a b.c.tif", "a b.c mask.png"),
        ("a.tif", "a_Simple Segmentation.tif"),
        ("a.tif", "a_Object Identities.tif"),
        ("a.tif", "mask_a.tif"),
        ("img_001.tif", "mask_001.tif"),
        ("image001.tif", "masks001.tif"),
        ("t000.tif", "man_seg000.tif"),
        ("img_7.ome.tif", "mask_img_7.tif"),
        ("img_7.tif", "mask_007.tif"),
        ("frame_001.tif", "mask_001.tif"),
        ("image.tif", "labels.tif"),
        ("raw.tif", "GT.tif"),
        ("cells.tif", "mask.png"),
        ("cells.tif", "Labels of cells.tif"),
        ("a.tif", "a_labelled.tif"),
        ("a.tif", "a (mask).tif"),
        (unicodedata.normalize("NFD", "müller.tif"), unicodedata.normalize("NFC", "müller_label.tif")),
    ],
)
def test_usual_names_are_partners(tmp_path, image, labels):
    one, other = touch(tmp_path / "images", image), touch(tmp_path / "labels", labels)
    (pair,) = find_pairs(one, other)
    assert (pair.image.name, pair.labels.name) == (image, labels)
    if labels not in ("a.png", "a.tif"):
        (pair,) = find_pairs(touch(tmp_path / "both", image, labels), tmp_path / "both")
        assert (pair.image.name, pair.labels.name) == (image, labels)


def test_a_beginning_tells_partners_only_where_no_other_fits(tmp_path):
    images = touch(tmp_path / "i", "img_1.tif", "t1.tif", "img_2.tif", "mask_of_glass.tif")
    labels = touch(tmp_path / "l", "mask_1.tif", "mask_2.tif", "spare.tif")
    found = match_files(images, labels)
    assert {pair.image.name: pair.labels.name for pair in found.pairs} == {"img_2.tif": "mask_2.tif"}
    assert {path.name for path in found.lonely} == {"img_1.tif", "t1.tif", "mask_of_glass.tif"}
    assert "mask_of_glass.tif" in [path.name for path in expand_inputs([images])]


def test_each_sample_may_have_a_folder_of_its_own(tmp_path):
    for sample in ("one", "two"):
        touch(tmp_path / "all").joinpath(sample).mkdir()
        touch(tmp_path / "all" / sample, "image.tif", "labels.tif")
    (tmp_path / "all" / "notes").mkdir()
    pairs = find_pairs(tmp_path / "all", tmp_path / "all")
    told = [(pair.image.parent.name, pair.image.name, pair.labels.parent.name, pair.labels.name) for pair in pairs]
    assert told == [(name, "image.tif", name, "labels.tif") for name in ("one", "two")]
    assert [path.name for path in expand_inputs([tmp_path / "all" / "one"])] == ["image.tif"]


def test_a_name_that_ends_as_labels_do_is_its_own_partner(tmp_path):
    (pair,) = find_pairs(touch(tmp_path / "i", "leg_seg.tif"), touch(tmp_path / "l", "leg_seg.tif"))
    assert pair.labels.parent.name == "l"


def test_arrays_of_numpy_are_labels_unless_they_are_pickled(tmp_path):
    touch(tmp_path / "i", "a.tif", "b.tif")
    labels = touch(tmp_path / "l")
    np.save(labels / "a.npy", np.eye(3, dtype=np.int32))
    np.save(labels / "b_seg.npy", {"masks": np.zeros((3, 3))}, allow_pickle=True)
    found = match_files(tmp_path / "i", labels)
    assert [pair.labels.name for pair in found.pairs] == ["a.npy"]
    with pytest.raises(UserError, match=r"b_seg.npy is a pickled file.*Save masks"):
        find_pairs(tmp_path / "i", labels)


def test_a_folder_without_images_names_the_ones_in_it_that_have_some(tmp_path):
    touch(tmp_path / "plate").joinpath("notes.txt").touch()
    touch(tmp_path / "plate" / "Pos0", "a.tif")
    with pytest.raises(UserError, match=r"give the folders in it that have some \(Pos0\)"):
        expand_inputs([tmp_path / "plate"])


def test_capitals_count_where_they_tell_files_apart(tmp_path):
    pairs = find_pairs(touch(tmp_path / "i", "a.tif", "A.tif"), touch(tmp_path / "l", "a_masks.tif", "A_masks.tif"))
    assert [(pair.image.stem, pair.labels.stem) for pair in pairs] == [("A", "A_masks"), ("a", "a_masks")]


def test_a_copy_of_the_image_beside_its_masks_is_not_taken(tmp_path):
    (pair,) = find_pairs(touch(tmp_path / "i", "a.tif"), touch(tmp_path / "l", "a.tif", "a_cp_masks.png"))
    assert pair.labels.name == "a_cp_masks.png"
    with pytest.raises(UserError, match="keep only one"):
        find_pairs(tmp_path / "i", touch(tmp_path / "l", "a_masks.png"))


def test_images_without_partner_are_listed_with_the_nearest_names(tmp_path):
    images = touch(tmp_path / "i", "cells_01.tif", "cells_02.tif", "other.tif")
    found = match_files(images, touch(tmp_path / "l", "cells_01.tif", "cels_02.tif"))
    assert {path.name: near for path, near in found.lonely.items()} == {
        "cells_02.tif": ("cels_02.tif",),
        "other.tif": (),
    }
    assert [path.name for path in found.spare] == ["cels_02.tif"]
    with pytest.raises(UserError, match=r"2 of 3 images have no partner.*cells_02.tif \(nearest: cels_02.tif\)"):
        find_pairs(images, tmp_path / "l")


def test_a_pickled_file_is_not_opened_but_explained(tmp_path):
    images = touch(tmp_path / "i", "a.tif")
    np.save(images / "a_seg.npy", {"masks": np.zeros((3, 3))}, allow_pickle=True)
    with pytest.raises(UserError, match="Save masks"):
        find_pairs(images, images)
    with pytest.raises(UserError, match="pickled"):
        read_labels(images / "a_seg.npy", Image(np.zeros((3, 3)), "YX"))


def test_a_folder_to_segment_does_not_hold_its_masks(tmp_path):
    folder = touch(tmp_path / "i", "a.tif", "a_cp_masks.png", "a_masks.tif", "a_labels.tif", "b_img.tif")
    zarr.save_array(str(folder / "plain"), np.zeros((8, 8)))
    assert [path.name for path in expand_inputs([folder])] == ["a.tif", "b_img.tif", "plain"]


def test_labels_within_an_ome_zarr(tmp_path):
    labels = np.zeros((20, 30), np.uint32)
    labels[2:5, 3:9] = 7
    root = zarr.open_group(tmp_path / "i" / "a", mode="w")
    for name, data in (("", labels * 9), ("labels/cells/", labels)):
        group = root if not name else root.require_group(name.rstrip("/"))
        array = group.create_array("0", shape=data.shape, dtype=data.dtype)
        array[:] = data
        axes = [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
        group.attrs["ome"] = {"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    root["labels"].attrs["ome"] = {"labels": ["cells"]}
    (pair,) = find_pairs(tmp_path / "i", tmp_path / "i")
    like = Image(labels, "YX")
    root["labels/cells"].attrs["ome"] = root["labels/cells"].attrs["ome"] | {"image-label": {}}
    with pytest.raises(UserError, match="holds labels, not an image"):
        read_image(pair.labels / "cells")
    for place in (pair.labels, pair.image, pair.labels / "cells", pair.labels / "cells" / "0"):
        np.testing.assert_array_equal(read_labels(place, like), labels)


@pytest.mark.parametrize("kind", ["palette", "grey RGB", "RGBA", "colours"])
def test_pictures_as_labels(tmp_path, kind):
    from PIL import Image as Picture

    labels = np.zeros((24, 32), np.uint8)
    labels[2:10, 3:9], labels[12:20, 10:30] = 1, 2
    if kind == "palette":
        picture = Picture.fromarray(labels, "P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    elif kind == "colours":
        picture = Picture.fromarray(np.array([[0, 0, 0], [0, 9, 200], [200, 30, 0]], np.uint8)[labels])
    else:
        alpha = [np.full_like(labels, 255)] if kind == "RGBA" else []
        picture = Picture.fromarray(np.stack([labels, labels, labels, *alpha], axis=-1))
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png", Image(labels, "YX")), labels)


def test_a_photograph_is_no_labels(tmp_path):
    photo = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    photo[0] = 0
    tifffile.imwrite(tmp_path / "a.tif", photo, photometric="rgb")
    with pytest.raises(UserError, match="colour"):
        read_labels(tmp_path / "a.tif", Image(photo[..., 0], "YX"))
