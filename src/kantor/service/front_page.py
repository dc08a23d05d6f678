"""The front page as HTML: what is running, the reports, what was composed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from kantor.locks import STATE
from kantor.service import states
from kantor.service.composed import composed
from kantor.service.parameters import UNTIL_MENDED, fault
from kantor.service.states import State

_REPORTS = (
    ("reports/report.html", "Report", "what the model can do: figures, plots, things to hear"),
    ("reports/validation.html", "Checks", "whether the data are in order"),
    ("reports/comparison.html", "Comparison", "challenger and champion side by side"),
)
_PARTS = {
    "prefect": ("Prefect", "what ran, what will run, what waits for a person"),
    "mlflow": ("MLflow", "the versions of the model and their figures"),
    "front": ("This page", ""),
    "flows": ("The flows", "the process that composes, watches and retrains"),
}
_WORDS = {
    "starting": "Starting since {}.",
    "running": "Running since {}.",
    "silent": "Not answering since {}.",
    "down": "Down since {}; it will be started again.",
}
_STYLE = """
:root{color-scheme:light dark;--text:#222;--soft:#5c5c5c;--link:#1c5f8a;--bad:#a3261b;--back:#fff}
@media(prefers-color-scheme:dark){
:root{--text:#ddd;--soft:#aaa;--link:#7fbbe6;--bad:#ff9a8c;--back:#181a1b}}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2.5rem auto;padding:0 1rem;
color:var(--text);background:var(--back);overflow-wrap:anywhere}
h1{font-weight:600;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}
a{color:var(--link)}ul{padding-left:1.2rem}li{margin:.3rem 0}
small,.note{color:var(--soft)}li small{display:block}
.bad{color:var(--bad)}p.bad{border-left:.25rem solid;padding-left:.75rem}
"""


def page(root: Path, name: str, prefect: int, mlflow: int) -> str:
    """The front page.

    Parameters
    ----------
    root
        The repository.
    name
        This machine as the person who asks calls it, without a port.
    prefect, mlflow
        Ports of the other two servers.
    """
    servers = {"prefect": f"http://{name}:{prefect}", "mlflow": f"http://{name}:{mlflow}"}
    wrong = fault(root)
    reports = [
        _item(f"/{path}", title, _soft(what))
        for path, title, what in _REPORTS
        if (root / path).is_file()
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Kantor</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        "<h1>Kantor</h1><p class=note>Give it a melody; it adds the other voices.</p>"
        + (f"<p class=bad>{escape(wrong)}; {UNTIL_MENDED}.</p>" if wrong else "")
        + f"<h2>What is running</h2>{_list(_running(root, servers), '')}"
        + f"<h2>Reports</h2>{_list(reports, 'None yet. <code>make repro</code> writes them.')}"
        + _compositions(root)
        + f"<p class=note>Times are in {escape(time.strftime('%Z'))}.</p></html>"
    )


def _running(root: Path, servers: dict[str, str]) -> list[str]:
    """The parts of the service, each with how it is."""
    found = {one.name: one for one in states.read(root / STATE / states.FILE)}
    rows = []
    for name, (title, what) in _PARTS.items():
        text = f"{title}: {what}" if what else title
        told = _told(found[name]) if name in found else ""
        rows.append(_item(servers.get(name, ""), text, told))
    return rows


def _told(state: State) -> str:
    """How a part is, in words."""
    now = _WORDS[state.what].format(_moment(state.since))
    told = f"<small>{now}</small>" if state.what == "running" else f"<small class=bad>{now}</small>"
    if state.fault:
        often = "once" if state.restarts == 1 else f"{state.restarts} times"
        last = f"Started again {often}. Last fault ({_moment(state.fault_at)}): {state.fault}."
        told += _soft(last)
    return told


def _compositions(root: Path) -> str:
    found = composed(root / "compositions")
    batches = [
        _item(_link(root, path), _batch(path), _soft(_moment(when))) for when, path in found.batches
    ]
    files = [
        _item(_link(root, path), path.relative_to(root / "compositions").as_posix(), "")
        for _, path in found.files
    ]
    text = f"<h2>Batches</h2>{_list(batches, 'None yet.')}"
    text += f"<h2>Other compositions</h2>{_list(files, 'None yet.')}"
    return text + ("<p class=note>There are more in compositions/.</p>" if found.more else "")


def _batch(page: Path) -> str:
    """What a batch is called: ``batch-0012`` is number 12."""
    word, _, number = page.parent.name.partition("-")
    return f"Batch {int(number)}" if word == "batch" and number.isdecimal() else page.parent.name


def _link(root: Path, path: Path) -> str:
    return f"/{quote(path.relative_to(root).as_posix())}"


def _moment(seconds: float) -> str:
    return time.strftime("%-d %B, %H:%M", time.localtime(seconds))


def _soft(text: str) -> str:
    return f"<small>{escape(text)}</small>"


def _item(link: str, text: str, after: str) -> str:
    """A row; `text` is escaped here, `after` is HTML."""
    name, colon, what = text.partition(": ")
    shown = f'<a href="{escape(link)}">{escape(name)}</a>' if link else escape(name)
    return f"<li>{shown}{escape(colon + what)}{after}"


def _list(items: Sequence[str], empty: str) -> str:
    return f"<ul>{''.join(items)}</ul>" if items else f"<p class=note>{empty}</p>"
