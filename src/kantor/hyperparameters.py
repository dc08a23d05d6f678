"""The block `train` of params.yaml: checked without TensorFlow, which takes seconds to import."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from kantor.settings import Block

CUT: Final = "time"
"""What stopped a training that `Train.minutes` cut; all others end by a rule, wherever they run."""
PresetName = Literal["chorale", "long", "unet"]
"""`long` has the networks of `chorale`, in other sizes, and a longer training."""
Strategy = Literal["default", "mirrored"]
"""One device; or all GPUs of this machine, or its logical CPU devices where there are none."""
Kinds = Literal["any", "melody"]
"""Masks of every kind, or a given melody alone."""


class LearningRates(Block):
    """Adam's learning rates; the likelihood's falls to a tenth along a cosine."""

    likelihood: float = Field(gt=0)
    generator: float = Field(gt=0)
    critic: float = Field(gt=0)


class EarlyStop(Block):
    """When to stop before the budget is reached; `rows` and `measurements` in a row."""

    tolerance: float = Field(gt=0)
    measurements: int = Field(ge=1)
    critic_rows: int = Field(ge=2)
    critic_tolerance: float = Field(ge=0)


class Limits(Block):
    """Limits of the checks; lengths are rows of the log."""

    rows: int = Field(20, ge=2)
    shoots_up: float = Field(1e4, gt=0)
    zero: float = Field(1e-4, gt=0)
    still: float = Field(1e-5, gt=0)
    collapse: float = Field(0.02, ge=0, lt=1)


class ChoraleSettings(Block):
    """Sizes of the preset `chorale`, and how its samples are drawn in training."""

    width: int = Field(96, ge=8)
    decoder: int = Field(192, ge=8)
    head: int = Field(96, ge=8)
    memory: int = Field(32, ge=4)
    reach: int = Field(16, ge=1)
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    critic: int = Field(128, ge=8)
    embedding: int = Field(96, ge=8)
    emphasis: float = Field(1.0, gt=0)
    dropout: float = Field(0.4, ge=0, lt=1)
    min_p: float = Field(0.0, ge=0, lt=1)
    closing: float = Field(1.0, gt=0)


class Sampling(Block):
    """How a model composes where nobody asks for anything else; see `kantor.runtime.sampling`."""

    temperature: float = Field(1.0, ge=0.01, le=10)
    min_p: float = Field(0.05, ge=0, lt=1)
    phrase_end: float = Field(0.3, ge=0.01, le=10)
    particles: int = Field(16, ge=1, le=64)
    movement: float = 0.5
    returns: float = Field(0.0, ge=0, le=100)


class Train(Block):
    """The block `train` of params.yaml.

    `drawn` batches of windows, and samples for them, serve an iteration's critic steps by turns and
    its generator step; one device draws them in so many `parts` at once. Beside the critic, the
    likelihood is that of one window in `likelihood_every`. After `minutes`, if given, the training
    is cut: its model is no champion by itself. The key ``long`` holds what the preset `long`
    changes in the others. A `discriminator` is trained where the sampling has particles.
    """

    preset: PresetName
    strategy: Strategy = "default"
    seed: int
    batch: int = Field(ge=1)
    warmup: int = Field(ge=0)
    iterations: int = Field(ge=0)
    minutes: float | None = Field(None, gt=0)
    critic_steps: int = Field(ge=1)
    gradient_penalty: float = Field(gt=0)
    betas: tuple[float, float]
    learning_rates: LearningRates
    likelihood_weight: float = Field(ge=0)
    likelihood_every: int = Field(1, ge=1)
    drawn: int = Field(6, ge=1)
    masks: Kinds = "any"
    weight_decay: float = Field(ge=0)
    average: float = Field(ge=0, lt=1)
    xla: bool = True
    parts: int = Field(1, ge=1)
    log_every: int = Field(ge=1)
    measure_every: int = Field(ge=1)
    checkpoint_every: int = Field(ge=1)
    melodies: int = Field(ge=2)
    early_stop: EarlyStop
    health: Limits = Limits()
    chorale: ChoraleSettings = ChoraleSettings()
    sampling: Sampling = Sampling()
    discriminator: bool = True

    @model_validator(mode="before")
    @classmethod
    def _lengthened(cls, values: Any) -> Any:
        """Apply what the preset `long` changes."""
        if not isinstance(values, dict) or not isinstance(values.get("long"), dict):
            return values
        kept = {name: value for name, value in values.items() if name != "long"}
        for name, change in values["long"].items() if kept.get("preset") == "long" else ():
            if isinstance(change, dict) and isinstance(kept.get(name), dict):
                change = kept[name] | change
            kept[name] = change
        return kept

    @model_validator(mode="after")
    def _multiples(self) -> Train:
        """Rows are written where something is due, and the parts of a batch are of one size."""
        for name in ("measure_every", "checkpoint_every"):
            if getattr(self, name) % self.log_every:
                raise ValueError(f"{name} must be a multiple of log_every ({self.log_every})")
        if self.batch % self.parts:
            raise ValueError(f"batch must be a multiple of parts ({self.parts})")
        return self

    @property
    def total(self) -> int:
        """All iterations: those by likelihood alone, then those against the critic."""
        return self.warmup_iterations + self.iterations

    @property
    def warmup_iterations(self) -> int:
        """Iterations by likelihood alone; the preset `unet` has none."""
        return 0 if self.preset == "unet" else self.warmup
