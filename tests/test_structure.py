"""The size of things: what can be read at one go, and found by its name."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import median

PACKAGE = Path(__file__).resolve().parents[1] / "napari_unet"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ("__init__.py", "__main__.py")]
MOST_MODULES, MOST_LINES, MOST_LINES_OF_A_FUNCTION = 12, 350, 60
# Folders that have outgrown this, and are to be divided: they may not grow further.
NOT_DIVIDED_YET: dict[str, int] = {}
# Names that several modules may give a class or a public function, each with the reason why it is one meaning.
SHARED_NAMES = {
    "T": "any type",
    "Rng": "the generator of NumPy",
    "add_command": "each command of the command line adds itself",
    "run": "each command of the command line is run",
    "centers": "each head says what patches are cut around",
    "learning_maps": "each head says what is learned",
    "count_objects": "objects of an array, and of an image read plane by plane",
    "write_labels": "a file of labels; the one of `conventions` is named in the manifest",
    "segment": "the command of the window presses the button that does what the function does",
    "finetune": "the command of the window presses the button that does what the function does",
}
# Longer functions, each with the reason why it is better read as one.
LONG_FUNCTIONS: dict[str, str] = {}


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_folder_has_more_than_a_dozen_modules() -> None:
    counts = Counter(path.parent.relative_to(PACKAGE).as_posix() for path in MODULES)
    assert {folder: n for folder, n in counts.items() if n > NOT_DIVIDED_YET.get(folder, MOST_MODULES)} == {}


def test_no_module_is_too_long_to_be_known_and_most_say_enough_to_be_worth_a_file() -> None:
    lengths = {path.relative_to(PACKAGE).as_posix(): lines_of(path) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}
    assert 80 <= median(lengths.values()) <= 200


def test_no_function_is_longer_than_a_page() -> None:
    long = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                name = f"{path.relative_to(PACKAGE).as_posix()}:{node.name}"
                n = node.end_lineno - node.lineno + 1
                if n > MOST_LINES_OF_A_FUNCTION and name not in LONG_FUNCTIONS:
                    long[name] = n
    assert long == {}


def test_no_two_modules_of_a_room_differ_by_an_s_and_none_is_a_drawer_for_everything() -> None:
    rooms: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*"):
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists()):
            rooms.setdefault(path.parent.as_posix(), set()).add(path.stem)
    alike = [
        (room, *pair)
        for room, names in rooms.items()
        for pair in combinations(sorted(names), 2)
        if pair[0] + "s" == pair[1]
    ]
    assert alike == []
    assert {path.stem for path in MODULES} & {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "manager",
        "misc",
    } == set()


def defined_names() -> dict[str, list[str]]:
    """Modules by the classes, types and public functions that they define."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for name in _names_of(node):
                found.setdefault(name.lstrip("_"), []).append(path.relative_to(PACKAGE).as_posix())
    return found


def _names_of(node: ast.stmt) -> list[str]:
    """A class, a public function, or the name of a type ("Place")."""
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.FunctionDef):
        return [] if node.name.startswith("_") else [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [name.id for name in targets if isinstance(name, ast.Name) and name.id.istitle()]


def test_a_name_has_one_meaning_no_two_modules_give_it_to_something_else() -> None:
    several = {name: where for name, where in defined_names().items() if len(where) > 1}
    assert {name: where for name, where in several.items() if name not in SHARED_NAMES} == {}
    assert set(SHARED_NAMES) <= set(several), "names that are no longer shared leave the list"


def test_words_of_the_house_have_one_home() -> None:
    """A survey is what was reviewed, as a head counts it; a screening looks for suspicious objects."""
    homes = {
        word: {path.split("/")[0] for name, paths in defined_names().items() if word in name for path in paths}
        for word in ("Survey", "Screening")
    }
    assert homes == {"Survey": {"heads"}, "Screening": {"review", "ui"}}
