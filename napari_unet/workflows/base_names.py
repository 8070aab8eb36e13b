"""The part of a file's name that an image has in common with its labels.

Programs add endings ("a_masks", "a_cp_masks", "a-labels", "a_Simple Segmentation"; "a_img" for an image), or begin
names with what a file is ("mask_001" for "img_001", "man_seg001" for "t001").
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = (
    "cp_masks", "masks", "mask", "seg_masks", "seg_mask", "seg", "segmentation", "labels", "label", "label_image",
    "labelled", "labeled", "lbl", "lbls", "annotated", "segm", "segmented", "segmentations", "instance",
    "instance_masks", "gt", "groundtruth", "ground_truth", "reviewed", "parents", "classes", "instances",
    "annotations", "annotation",
    "simple_segmentation", "object_identities", "man_seg", "man_track",
)  # fmt: skip
_IMAGE_WORDS = ("img", "image", "images", "raw", "im", "t")
_PIECES = ("frame", "slice", "tile", "fov", "field", "photo")  # begin the names of images, and end none
_WHOLE = "*"  # of a name that is nothing but what a file is: "image.tif" beside "labels.tif"


def _either(words: tuple[str, ...]) -> str:
    return "|".join(word.replace("_", "[ _-]?") for word in sorted(words, key=len, reverse=True))


_LABEL_END = re.compile(rf"[_\-. ]+\(?(?:{_either(_WORDS)})\)?$", re.IGNORECASE)
_IMAGE_END = re.compile(rf"[_\-. ]+(?:{_either(_IMAGE_WORDS[:-1])})$", re.IGNORECASE)
_LABEL_START = re.compile(rf"^(?:{_either(_WORDS)})(?:[_\-. ]+(?:of[_\-. ]+)?(?=.)|(?=\d))", re.IGNORECASE)
_LABEL_ONLY = re.compile(_either(_WORDS), re.IGNORECASE)
_IMAGE_ONLY = re.compile(_either(_IMAGE_WORDS[:-1]), re.IGNORECASE)
_IMAGE_START = re.compile(rf"^(?:{_either((*_IMAGE_WORDS, *_PIECES))})(?:[_\-. ]+(?=.)|(?=\d))", re.IGNORECASE)


def is_label_name(name: str) -> bool:
    """Whether a base name (without suffix) ends as programs name labels, so that it is no image to be segmented."""
    return without_label_ending(name) != name


def starts_as_label(name: str) -> bool:
    """Whether a base name begins with what labels are called: it may be labels, if there is an image for it."""
    return _LABEL_START.match(name) is not None or is_label_word(name)


def is_label_word(name: str) -> bool:
    """Whether a base name is nothing but what labels are called: those of the one image beside it."""
    return _LABEL_ONLY.fullmatch(name) is not None


def without_label_ending(name: str) -> str:
    """ "a_cp_masks" -> "a"; a name that is nothing but an ending stays."""
    return _cut(_LABEL_END, name)


def without_image_ending(name: str) -> str:
    """ "a_img" -> "a"."""
    return _cut(_IMAGE_END, name)


def loose_names(name: str, labels: bool) -> set[str]:
    """What is left of a name without beginnings and endings, in one case: for names that agree no other way."""
    name = unicodedata.normalize("NFC", name)
    if (_LABEL_ONLY if labels else _IMAGE_ONLY).fullmatch(name):
        return {_WHOLE}
    bare = without_label_ending(name) if labels else name
    bare = _LABEL_START.sub("", bare) if labels else bare
    found = {bare, without_image_ending(bare), _IMAGE_START.sub("", bare)}
    return {one.casefold() for one in found if one}


def without_zeros(name: str) -> str:
    """ "img_007" -> "img_7": some programs fill numbers up, and others do not."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name)


def _cut(ending: re.Pattern[str], name: str) -> str:
    found = ending.search(name)
    return name[: found.start()] if found is not None and found.start() > 0 else name
