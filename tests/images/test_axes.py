import pytest

from napari_unet.errors import UserError
from napari_unet.images.axes import check_axes, complete_axes, guess_axes


@pytest.mark.parametrize(
    ("shape", "rgb", "axes"),
    [
        ((64, 48), False, "YX"),
        ((64, 48, 3), True, "YXS"),
        ((9, 64, 48), False, "ZYX"),
        ((9, 64, 48, 3), True, "ZYXS"),
        ((2, 9, 64, 48), False, "CZYX"),
        ((9, 2, 64, 48), False, "ZCYX"),
        ((9, 12, 64, 48), False, "TZYX"),
        ((5, 9, 2, 64, 48), False, "TZCYX"),
    ],
)
def test_guess_is_what_microscopists_mean(shape, rgb, axes):
    assert guess_axes(shape, rgb) == axes


@pytest.mark.parametrize("shape", [(), (64,), (2, 2, 2, 2, 64, 48)])
def test_guess_refuses_what_is_no_image(shape):
    with pytest.raises(UserError):
        guess_axes(shape)


def test_check_returns_capital_letters():
    assert check_axes(" zyx ", (5, 64, 48)) == "ZYX"


@pytest.mark.parametrize(
    ("axes", "what"), [("YX", "2 axes"), ("QYX", "'Q'"), ("YYX", "Y twice"), ("ZCX", "lack Y"), ("ZYC", "lack X")]
)
def test_check_says_what_is_wrong(axes, what):
    with pytest.raises(UserError, match=what):
        check_axes(axes, (5, 64, 48))


@pytest.mark.parametrize(
    ("given", "shape", "axes"),
    [
        ("QYX", (9, 64, 48), "ZYX"),
        ("IYX", (9, 64, 48), "ZYX"),
        ("IYXS", (9, 64, 48, 3), "ZYXS"),
        ("QZYX", (9, 7, 64, 48), "TZYX"),
        ("QQYX", (9, 2, 64, 48), "ZCYX"),
        ("TCYX", (9, 2, 64, 48), "TCYX"),
        ("QQQ", (64, 48, 3), "YXS"),
    ],
)
def test_letters_that_say_nothing_are_completed(given, shape, axes):
    assert complete_axes(given, shape, "uint8") == axes
