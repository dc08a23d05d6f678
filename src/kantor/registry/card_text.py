"""A model card as text: Markdown, as MLflow's page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kantor.hyperparameters import CUT

LONGEST = 5_000
"""Characters that MLflow keeps of a description."""

_CHORALES = (
    "chorales by J. S. Bach, in the encodings of the Python package music21. Its encoders permit "
    "the use, most of them for non-commercial purposes only; the scores are not to be passed on"
)
_DATA = {
    "jsb": _CHORALES,
    "published": _CHORALES,
    "folder": "the owner's scores in a folder; their owner knows what is allowed",
    "multitracks": "multitrack piano rolls of the owner's; their owner knows what is allowed",
}
_STOPS = {
    "budget": "all its iterations were done",
    CUT: "THE CLOCK CUT IT before all iterations were done",
    "critic": "the critic no longer improved",
    "converged": "its figures had come to the data's",
}


def markdown(card: Mapping[str, Any]) -> str:
    """The card as Markdown, at most `LONGEST` characters."""
    sections = {
        "": _summary(card),
        "Data and licence": _data(card["data"]),
        "How it was made": _made(card),
        "What it can do": _figures(card["evaluation"]),
        "Known weaknesses": _known(card["weaknesses"]),
        "How to use it": _use(card["model"]),
    }
    text = "\n\n".join(
        f"## {title}\n\n{body}" if title else body for title, body in sections.items()
    )
    return text[: LONGEST - 1] + "\n"


def _summary(card: Mapping[str, Any]) -> str:
    lines = ", ".join(card["ensemble"]["lines"]) or card["ensemble"]["name"]
    return (
        f"**{card['model']}** composes music for {lines}: a few lines are given, usually the "
        "melody, and it writes the others. It is the generator of a conditional WGAN-GP, preset "
        f"`{card['preset']}`. What is given comes back unchanged."
    )


def _data(data: Mapping[str, Any]) -> str:
    texts: dict[str, int | None] = {}
    for kind, pieces in data["sources"].items():
        text = data.get("told") or _DATA.get(kind, kind)
        texts[text] = None if pieces is None else pieces + (texts.get(text) or 0)
    told = [
        f"- {text[0].upper()}{text[1:]}" + (f" ({pieces} in all)." if pieces else ".")
        for text, pieces in texts.items()
    ]
    return "\n".join([*told, "- Kantor's code is under the MIT licence."])


def _made(card: Mapping[str, Any]) -> str:
    training, origin = card["training"], card["origin"]
    changed = " with uncommitted changes" if origin["changed"] == "true" else ""
    why = _STOPS.get(training["stopped_by"])
    rows = {
        "training": f"{training['iterations'] or 'unknown'} iterations"
        + (f"; it ended because {why}" if why else ""),
        "parameters": ", ".join(f"{name} {value}" for name, value in training["params"].items()),
        "weights": ", ".join(f"{name} {count:,}" for name, count in training["weights"].items()),
        "git commit": f"`{origin['commit']}`{changed}",
        "data (DVC)": f"`{card['data']['md5']}`",
        "model (DVC)": f"`{origin['model_md5']}`",
    }
    return "\n".join(f"- {name}: {value}" for name, value in rows.items() if value)


def _figures(evaluation: Mapping[str, Any]) -> str:
    heads = ["", "this model", "real", "chance"]
    rows = [
        [label, *("-" if value is None else f"{value:.3f}" for value in values)]
        for label, values in evaluation["figures"].items()
    ]
    table = [heads, ["---", *["---:"] * 3], *rows]
    headline = evaluation["headline"]
    text = (
        f"Measured on {evaluation['pieces']} pieces that it never saw (split "
        f"`{evaluation['split']}`). *Chance* puts the other lines of another piece in the same key "
        "under the melody.\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in table)
    )
    if "metrics_in_range" in headline:
        inside, count = headline["metrics_in_range"], evaluation["metrics"]
        text += f"\n\n{inside:.0f} of {count} metrics lie within the range of real pieces."
    return text


def _known(weaknesses: list[str]) -> str:
    general = "It knows the style of its data alone: under other melodies it does worse."
    return "\n".join(f"- {line}" for line in (*weaknesses, general))


def _use(model: str) -> str:
    return (
        "```sh\n"
        f"kantor compose tune.mid --model models:/{model}@champion\n"
        "```\n\n"
        "```python\n"
        "import mlflow\n"
        f'model = mlflow.pyfunc.load_model("models:/{model}@champion")\n'
        "model.predict(model.input_example)\n"
        "```\n\n"
        "`kantor model export FILE` writes it to one file; with that "
        "`kantor compose --model FILE` works anywhere. "
        f"`models:/{model}/1` names version 1. `MLFLOW_TRACKING_URI` says where the registry is."
    )
