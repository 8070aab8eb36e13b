"""The one exception whose text is meant for the user."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend. Its text says, in one or two sentences, what is wrong and what to do."""
