"""The one exception whose text is meant for the user, and what its sentences are made with."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend. Its text says, in one or two sentences, what is wrong and what to do."""


class IncompleteError(UserError):
    """A file of which a part is missing, and what is whole of it can be read if that is asked for."""

    @property
    def without_option(self) -> str:
        """The sentence for where one asks by a click and not by an option of the command line."""
        return str(self).replace(" (--incomplete)", "")


def listed(items: list[str], limit: int = 3) -> str:
    """The first few of `items`, and how many more there are."""
    more = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {more} more" if more > 0 else "")


def require(condition: object, sentence: str) -> None:
    """Raise `UserError` with `sentence` unless `condition` holds."""
    if not condition:
        raise UserError(sentence)
