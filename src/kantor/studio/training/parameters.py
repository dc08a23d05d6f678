"""What of a training can be set in the page: in which bounds, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from kantor import settings
from kantor.errors import InputError
from kantor.hyperparameters import PresetName, Train
from kantor.service.parameter_file import Value, at

SCORES = {".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc"}
CHORALES, OWN = "data/jsb", "data/scores"
PRESETS = {
    "chorale": ("Chorale", "Composes well after four minutes on two cores."),
    "long": ("Long", "The same, larger: about ten minutes on two cores, better takes."),
    "unet": (
        "Workshop's U-Net",
        "The network of the workshop; it can only follow a melody.",
    ),
}


@dataclass(frozen=True)
class Setting:
    """One number of ``params.yaml``: bounds that make sense, and what it does in one sentence."""

    key: str
    label: str
    group: str
    low: float
    high: float
    step: float
    what: str


SETTINGS = (
    Setting("train.warmup", "Warm-up", "How long", 0, 5000, 10,
            "Iterations by likelihood alone: the generator learns which note usually comes next."),
    Setting("train.iterations", "Iterations", "How long", 0, 5000, 10,
            "Iterations against the critic, after the warm-up."),
    Setting("train.batch", "Batch", "How it learns", 2, 512, 2,
            "Passages that one step looks at: more is steadier and slower."),
    Setting("train.critic_steps", "Critic steps", "How it learns", 1, 10, 1,
            "How often the critic learns before the generator does; five to one is usual."),
    Setting("train.gradient_penalty", "Gradient penalty", "How it learns", 0.1, 100, 0.1,
            "How strictly the critic is kept from judging too steeply; 10 is usual."),
    Setting("train.learning_rates.likelihood", "Rate, likelihood", "Learning rates",
            1e-5, 0.02, 1e-5, "How far a step of the warm-up goes; too far, and losses shoot up."),
    Setting("train.learning_rates.generator", "Rate, generator", "Learning rates", 1e-6, 0.01, 1e-6,
            "How far the generator goes after each judgement of the critic."),
    Setting("train.learning_rates.critic", "Rate, critic", "Learning rates", 1e-6, 0.02, 1e-6,
            "How far the critic goes in each of its steps."),
    Setting("train.chorale.width", "Width, encoder", "Size", 16, 512, 8,
            "Size of the part that reads what is given: larger remembers more and is slower."),
    Setting("train.chorale.decoder", "Width, decoder", "Size", 16, 1024, 8,
            "Size of the part that writes the notes."),
    Setting("train.chorale.critic", "Width, critic", "Size", 16, 512, 8,
            "Size of the critic."),
    Setting("train.chorale.dropout", "Dropout", "Size", 0, 0.9, 0.05,
            "Share of cells that are hidden in the warm-up, so that nothing is learned by heart."),
    Setting("train.seed", "Seed", "Chance", 0, 999_999, 1,
            "Where chance begins: the same seed and settings make the same model, bit for bit."),
)  # fmt: skip
KEYS = {one.key for one in SETTINGS}


def form(root: Path) -> dict[str, Any]:
    """The form: presets with the values that each has, settings, sources of data."""
    values = settings.read_params(root / "params.yaml")
    train = settings.checked(Train, "train", values, "params.yaml")
    presets = []
    for name in get_args(PresetName):
        label, what = PRESETS[name]
        changed = {**_mapping(values["train"]), "preset": name}
        own = Train.model_validate(changed).model_dump(mode="json")
        shown = {key: at({**values, "train": own}, key) for key in KEYS}
        presets.append({"name": name, "label": label, "what": what, "values": shown})
    return {
        "preset": train.preset,
        "presets": presets,
        "settings": [asdict(one) for one in SETTINGS],
        "sources": sources(root),
    }


def sources(root: Path) -> list[dict[str, Any]]:
    """Where scores can come from: the chorales, the user's own, and what else is configured."""
    values = settings.read_params(root / "params.yaml")
    ingest = settings.checked(settings.Ingest, "ingest", values, "params.yaml")
    chosen = {one.path.as_posix(): one.kind for one in ingest.sources}
    labels = {CHORALES: "Bach's chorales", OWN: "Your own scores in data/scores"}
    kinds = {CHORALES: "jsb", OWN: "folder"} | chosen
    return [
        {
            "path": path,
            "kind": kind,
            "label": labels.get(path, path),
            "chosen": path in chosen,
            "files": _count(root / path, path == OWN),
        }
        for path, kind in kinds.items()
    ]


def changes(
    root: Path, preset: str | None, asked: Mapping[str, float], paths: list[str] | None
) -> dict[str, Value]:
    """What is asked for as values by their keys in ``params.yaml``.

    What the preset `long` has otherwise is changed there.

    Raises
    ------
    InputError
        If a key is none that the page sets, or no source is chosen.
    """
    values = settings.read_params(root / "params.yaml")
    unknown = sorted(set(asked) - KEYS)
    if unknown:
        raise InputError(f"{unknown[0]}: cannot be set from the page")
    wanted: dict[str, Value] = {}
    if preset is not None:
        wanted["train.preset"] = preset
    preset = preset or str(at(values, "train.preset"))
    for key, number in asked.items():
        longer = key.replace("train.", "train.long.", 1)
        place = longer if preset == "long" and at(values, longer) is not None else key
        wanted[place] = int(number) if float(number).is_integer() else number
    if paths is not None:
        known = {one["path"]: one["kind"] for one in sources(root)}
        if not paths or not set(paths) <= set(known):
            raise InputError("sources: choose the chorales, your own scores, or both")
        wanted["ingest.sources"] = [{"kind": known[path], "path": path} for path in paths]
    return wanted


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(folder: Path, scores: bool) -> int:
    """Files in a folder; of one for scores those that are some."""
    if not folder.is_dir():
        return int(folder.is_file())
    found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return sum(not scores or path.suffix.lower() in SCORES for path in found)
