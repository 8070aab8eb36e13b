"""All tools and actions of the Correct step: what a button and a key do, and what the hint says before a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Gesture = Literal["", "object", "point", "pair", "line", "outline"]


@dataclass(frozen=True)
class Action:
    """One thing that a button and a key do. An empty `key`: napari's own, `shown_key`, which it keeps.

    `gesture` is what a tool of ours takes: an "object" (a click, or a stroke over several; its key acts at once on the
    object under the cursor), a "point" (the same, where no object is), a "pair" (two clicks, or a stroke), a "line"
    (a stroke, or two clicks inside one object), or an "outline" (a closed stroke).
    """

    name: str
    title: str
    tip: str
    key: str = ""
    shown_key: str = ""
    is_tool: bool = False
    gesture: Gesture = ""
    hint: str = ""


OBJECT_ACTIONS = (
    Action("delete", "Delete", "Click objects to delete them, or drag over many. The key deletes at the cursor.",
           "D", is_tool=True, gesture="object", hint="Click: delete an object. Drag: delete all you touch."),
    Action("hold_delete", "Delete many", "Take the delete tool: click, or drag over many.", "Shift-D"),
    Action("add", "Add", "Click an object that was missed: the model draws it. The key adds at the cursor.",
           "I", is_tool=True, gesture="point", hint="Click an object that was missed: the model draws it."),
    Action("outline", "Outline", "Draw round an object that was missed, or draw one anew whose outline is wrong.",
           "U", is_tool=True, gesture="outline",
           hint="Drag round a missed object, or round a wrong one to redraw it. Others keep their pixels."),
    Action("split", "Split", "Draw a line across an object, or click two places in it (two slices too), to split it.",
           "K", is_tool=True, gesture="line", hint="Drag across an object, or click two places in it: split."),
    Action("merge", "Merge", "Drag from object to object, or click two, to make them one.",
           "J", is_tool=True, gesture="pair", hint="Drag across objects, or click two: they become the first one."),
    Action("lock", "Lock", "Lock objects that are done, so that nothing changes them; again to unlock.",
           "W", is_tool=True, gesture="object", hint="Click: lock an object, or unlock it. Drag: lock all it touches."),
    Action("fill_holes", "Fill holes", "Fill the holes of an object.",
           "H", is_tool=True, gesture="object", hint="Click: fill the holes of an object."),
    Action("smooth", "Smooth", "Smooth the outline of an object.",
           "Shift-R", is_tool=True, gesture="object", hint="Click: smooth the outline of an object."),
    Action("grow", "Grow", "Make an object larger by a pixel on all sides.",
           "Shift-G", is_tool=True, gesture="object", hint="Click: a pixel larger on all sides."),
    Action("shrink", "Shrink", "Make an object smaller by a pixel on all sides.",
           "Shift-S", is_tool=True, gesture="object", hint="Click: a pixel smaller on all sides."),
    Action("keep_largest", "Largest part", "Keep only the largest part of an object that lies in pieces.",
           "Shift-L", is_tool=True, gesture="object", hint="Click: of an object in pieces, keep the largest."),
    Action("erase_inside", "Cut out", "Draw a closed line: everything inside becomes background.",
           "Shift-E", is_tool=True, gesture="outline", hint="Drag a closed line: all inside becomes background."),
    Action("new_id", "New id", "Give an object an id of its own.",
           "Shift-N", is_tool=True, gesture="object", hint="Click: the object gets a new id."),
    Action("swap", "Swap", "Click two objects to exchange their ids.",
           "Shift-X", is_tool=True, gesture="pair", hint="Click two objects, or drag between them: swap their ids."),
    Action("copy_next", "To next slice", "Copy an object to the next slice or frame, and go there.",
           "Y", is_tool=True, gesture="object", hint="Click: copy an object to the next slice, and go there."),
    Action("interpolate", "Fill slices", "Fill the empty slices between an object and its next outline of the same id.",
           "Shift-I", is_tool=True, gesture="object", hint="Click: fill the slices up to the object's next outline."),
    Action("clear_border", "Clear edge", "Delete the objects that touch the edge of the image.", "Shift-B"),
    Action("remove_small", "Too small\N{HORIZONTAL ELLIPSIS}",
           "Delete objects that are too small: shows first which.", "Shift-M"),
)  # fmt: skip
TOOLS = {action.name: action for action in OBJECT_ACTIONS if action.gesture}

# Tools of napari's Labels layer, as we call them and as napari does.
LAYER_MODES = {"paint": "paint", "erase": "erase", "fill": "fill", "pick": "pick"}

ACTIONS = (
    Action("paint", "Paint", "Paint on with the selected object's id.", shown_key="P", is_tool=True),
    Action("erase", "Erase", "Erase what the brush touches.", shown_key="E", is_tool=True),
    Action("fill", "Fill", "Click an object to give all of it the selected id: merges two objects.",
           shown_key="F", is_tool=True),
    Action("pick", "Pick", "Click an object to paint on with its id.", shown_key="L", is_tool=True),
    Action("new_object", "New object", "Paint an object that was missed: takes the next free id and the brush.", "N"),
    *OBJECT_ACTIONS,
    Action("review_view", "This view", "Mark what you see of this slice as reviewed.", "R"),
    Action("review_slice", "This slice", "Mark the whole slice, frame or 2D image as reviewed.", "S"),
    Action("review_brush", "Brush", "Paint over what you have reviewed; again to go back to the labels.",
           "G", is_tool=True),
    Action("review_box", "Box", "Drag a box round what you have reviewed; again to go back to the labels.",
           "T", is_tool=True),
    Action("clear_reviewed", "Clear", "Mark nothing of this slice as reviewed.", "C"),
    Action("next_suspicious", "Next", "Go to the next suspicious object that is not reviewed.", "Q"),
    Action("previous_suspicious", "Previous", "Go back to the object before, reviewed or not.", "Shift-Q"),
    Action("accept_object", "Accept",
           "The object in the frame is right: mark it and its surroundings as reviewed, in all its slices, and go on.\n"
           "Where an object may have been missed: nothing is there.", "A"),
    Action("unaccept_object", "Take back", "Mark the object in the frame as not reviewed.", "Shift-A"),
    Action("show_filled", "Filled",
           "Objects filled or as outlines. Hold the key to see them the other way for a moment.", "."),
    Action("show_reviewed", "Show", "Show or hide the overlay of what is reviewed.", "O"),
    Action("live", "Live", "Learn from each correction as it is made, and draw the rest anew; again to end it.",
           "Shift-F"),
)  # fmt: skip
QUEUE_ACTIONS = ("next_suspicious", "previous_suspicious", "accept_object", "unaccept_object")
HINTS = {
    "paint": "Drag: paint.",
    "erase": "Drag: erase.",
    "fill": "Click: give an object the selected id.",
    "pick": "Click: paint on with an object's id.",
    **{action.name: action.hint for action in OBJECT_ACTIONS if action.hint},
    "review_brush": "Drag: mark as reviewed. G: back to labels.",
    "review_box": "Drag: mark a box. T: back to labels.",
}
