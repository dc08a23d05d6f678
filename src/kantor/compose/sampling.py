"""What a person may turn about a model's composing."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Knobs:
    """Keyword arguments of a model; None leaves the model's own default.

    Attributes
    ----------
    temperature : float or None
        Below 1 the likelier notes are preferred, above 1 the rarer ones.
    passes : int or None
        How often the composed cells are asked for again, each with all others in view.
    """

    temperature: float | None = None
    passes: int | None = None

    def turned(self) -> dict[str, float | int]:
        """Those that are not left at the model's default."""
        return {name: value for name, value in asdict(self).items() if value is not None}
