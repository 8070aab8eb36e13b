"""What can be wrong with how this program was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

RIVAL = "napari-unet"
"""A distribution of another project, whose package has the same name as ours: their files lie in one folder."""


def find_rival() -> str | None:
    """One sentence for who has installed that one as well, which cannot go well; None for all others."""
    try:
        distribution(RIVAL)
    except PackageNotFoundError:
        return None
    return (
        f"Another project's {RIVAL} is installed as well, and its files have the same names as ours: give each an "
        f"environment of its own; here, uninstall {RIVAL} and napari-unet-finetune, then install the latter again."
    )
