"""Options come from configs, and what is wrong with one is a sentence; answers go out, complaints to stderr."""

from __future__ import annotations

import argparse
import json
import signal
from typing import Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field

from napari_unet.cli.blocks import add_blocks, open_large
from napari_unet.cli.exchange.each_file import work_on_each
from napari_unet.cli.options import add_parameters, check_channel, read_config
from napari_unet.cli.terminal import Terminal, follow, seconds_text, stop_on_interrupt
from napari_unet.errors import UserError
from napari_unet.events import Finished
from napari_unet.images.image import Image


class Config(BaseModel):
    """Of each sort of parameter one."""

    size: float | None = Field(None, gt=1, le=2000, title="Size", description="In pixels; empty: as found.")
    share: float = Field(0.5, ge=0, lt=1, title="Share", description="Of 100 %.")
    number: int = Field(2, ge=0, title="Number")
    divisions: bool = Field(True, title="Divisions")
    stack: Literal["auto", "slices"] = Field("auto", title="Stacks")
    invert: str = Field("no", pattern="^(auto|no|yes)$", title="Dark")


NAMES = {"size": "PX", "share": "S", "number": "N", "divisions": "yes|no", "stack": "HOW", "invert": "HOW"}


def read(*arguments: str) -> Config:
    parser = argparse.ArgumentParser()
    add_parameters(parser, Config, NAMES)
    return read_config(parser.parse_args(list(arguments)), Config, NAMES)


def test_what_is_not_given_is_as_the_config_has_it() -> None:
    assert read() == Config()
    found = read("--size", "12.5", "--share", "0", "--number", "7", "--divisions", "no", "--as", "slices")
    assert found == Config(size=12.5, share=0, number=7, divisions=False, stack="slices")


def test_auto_leaves_open_what_may_be_open_and_is_a_value_elsewhere() -> None:
    assert read("--size", "auto").size is None
    assert read("--invert", "auto").invert == "auto"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--size", "1"), "--size 1 is not possible: it must be more than 1, at most 2000."),
        (("--size", "wide"), "--size wide is not possible: it must be a number, more than 1, at most 2000."),
        (("--share", "1"), "--share 1 is not possible: it must be at least 0, less than 1."),
        (("--share", "nan"), "--share nan is not possible: it must be at least 0, less than 1."),
        (("--number", "1.5"), "--number 1.5 is not possible: it must be a whole number, at least 0."),
        (("--number", "-1"), "--number -1 is not possible: it must be at least 0."),
        (("--divisions", "maybe"), "--divisions maybe is not possible: it must be yes or no."),
        (("--as", "boxes"), "--as boxes is not possible: it must be auto or slices."),
        (("--invert", "x"), "--invert x is not possible: it must be auto or no or yes."),
    ],
)
def test_a_value_that_is_not_possible_is_told_with_what_is(arguments: tuple[str, str], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        read(*arguments)
    assert str(told.value) == sentence


def test_the_help_has_titles_bounds_and_defaults_and_no_empty_fields() -> None:
    parser = argparse.ArgumentParser()
    add_parameters(parser, Config, NAMES)
    text = " ".join(parser.format_help().split())
    assert "size: in pixels; auto: as found (more than 1, at most 2000; default: auto)" in text
    assert "share: of 100 % (at least 0, less than 1; default: 0.5)" in text
    assert "number (at least 0; default: 2)" in text


@pytest.mark.parametrize(("channel", "index"), [(None, None), (1, 0), (3, 2)])
def test_channels_count_from_one(channel: int | None, index: int | None) -> None:
    assert check_channel(Image.from_array(np.zeros((3, 4, 5)), "CYX"), channel) == index


@pytest.mark.parametrize(
    ("shape", "axes", "channel", "sentence"),
    [
        ((3, 4, 5), "CYX", 4, "a has 3 channels, so there is no channel 4: give 1 to 3."),
        ((3, 4, 5), "CYX", 0, "a has 3 channels, so there is no channel 0: give 1 to 3."),
        ((4, 5), "YX", 2, "a has 1 channel, so there is no channel 2: give 1."),
    ],
)
def test_a_channel_that_is_not_there_is_told(shape: tuple[int, ...], axes: str, channel: int, sentence: str) -> None:
    with pytest.raises(UserError) as told:
        check_channel(Image.from_array(np.zeros(shape), axes, name="a"), channel)
    assert str(told.value) == sentence


@pytest.mark.parametrize(
    ("option", "possible"),
    [("--block 63", False), ("--block 64", True), ("--block 16384", True), ("--block 16385", False),
     ("--halo -1", False), ("--halo 0", True), ("--halo 16384", True), ("--halo 16385", False)],
)  # fmt: skip
def test_blocks_have_bounds_and_are_asked_for_by_any_of_their_options(option: str, possible: bool) -> None:
    parser = argparse.ArgumentParser()
    add_blocks(parser)
    parser.set_defaults(axes=None, channel=2, incomplete=False)
    args = parser.parse_args(option.split())
    if possible:
        with open_large(args) as large:
            assert large.always
            assert large.channel == 1
    else:
        with pytest.raises(UserError, match=r"must be at least (64|0), at most 16384"), open_large(args):
            pass


def test_without_an_option_of_blocks_only_large_images_are_in_blocks() -> None:
    parser = argparse.ArgumentParser()
    add_blocks(parser)
    parser.set_defaults(axes=None, channel=None, incomplete=False)
    with open_large(parser.parse_args([])) as large:
        assert not large.always
        assert large.channel is None


# -- the terminal ------------------------------------------------------------------------------------------------------


def test_answers_go_to_stdout_and_complaints_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal("segment")
    terminal.say("done")
    terminal.show("answer")
    terminal.warn("careful")
    terminal.warn("")
    terminal.fail("no such\n  file")
    out, err = capsys.readouterr()
    assert out == "done\nanswer\n"
    assert err == "napari-unet: careful\nnapari-unet: no such file.\n"


def test_quiet_keeps_the_answer_and_json_is_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Terminal("segment", quiet=True)
    quiet.say("done")
    quiet.show("answer")
    assert capsys.readouterr().out == "answer\n"
    machine = Terminal("segment", json=True)
    machine.say("done")
    machine.show("answer")
    machine.warn("careful")
    machine.fail("What?")
    out, _ = capsys.readouterr()
    assert json.loads(out) == {"command": "segment", "warnings": ["careful"], "error": "What?"}


def test_json_of_a_number_that_json_does_not_know_is_an_error_and_not_a_broken_file() -> None:
    terminal = Terminal("measure", json=True)
    terminal.answer["score"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        terminal.close()


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.4, "0 s left"), (99.4, "99 s left"), (100, "2 min left"), (600, "10 min left")]
)
def test_time_left_is_in_seconds_and_then_in_minutes(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


def test_work_is_shown_to_its_end_and_what_fails_is_a_sentence() -> None:
    seen: list[object] = []

    def work(fails: bool):
        yield 1
        if fails:
            raise UserError("The file is gone: look elsewhere.")
        yield Finished("result", False)

    assert follow(work(False), seen.append).result == "result"
    with pytest.raises(UserError, match=r"The file is gone: look elsewhere\."):
        follow(work(True), seen.append)
    assert seen == [1, 1]
    with pytest.raises(RuntimeError, match="without a result"):
        follow(iter([1]), seen.append)


def test_the_first_interrupt_stops_the_second_breaks_off_and_the_old_way_comes_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt() as flag:
        assert not flag.requested
        signal.raise_signal(signal.SIGINT)
        assert flag.requested
        assert "what is done is kept" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_one_bad_file_of_several_is_told_in_the_end_and_the_others_are_done(
    capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    paths = [tmp_path / name for name in ("a.tif", "b.tif", "c.tif")]

    def work(path):
        if path.stem != "b":
            return {"objects": 3, "output": f"{path.stem}.json", "differences": ["No holes."]}
        raise UserError("It is empty.")

    terminal = Terminal("export")
    with pytest.raises(UserError) as told:
        work_on_each(paths, work, terminal, "exported")
    assert str(told.value) == f"1 of 3 could not be exported: {paths[1]} (It is empty)."
    assert [row["output"] for row in terminal.answer["files"]] == ["a.json", "c.json"]
    assert terminal.answer["errors"] == [{"input": str(paths[1]), "message": "It is empty."}]
    assert capsys.readouterr().out.count("  No holes.") == 2
    with pytest.raises(UserError, match=r"^It is empty\.$"):
        work_on_each(paths[1:2], work, Terminal("export"), "exported")
