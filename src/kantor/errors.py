"""What goes wrong by another's doing, by kind: each message is one line for a person.

Anything else that is raised is a fault of Kantor's own.
"""

from __future__ import annotations


class InputError(ValueError):
    """A file or a request that cannot be used; the message names it, the fault and the remedy."""


class ModelError(RuntimeError):
    """A model that cannot be used: damaged, of another format, or unfit for what is asked."""


class SetupError(RuntimeError):
    """What Kantor runs on is not in order: parameters, registry, services, the machine."""


def one_line(text: str, longest: int = 200) -> str:
    """Text from a file made fit for a line: printable characters, single spaces, cut to length."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(kept.split())[:longest]
