"""Great_expectations' own pages (Data Docs), made to load nothing from the web.

As the library writes them they take style, script and pictures from seven other hosts. What the
scripts do (sort, filter, fold) is left out; what the pages say is all there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from kantor.data.checks.outcomes import Outcome

_LOADS = re.compile(r"<script\b.*?</script>|<link\b[^>]*>|<footer\b.*?</footer>", re.DOTALL)
_PICTURE = re.compile(r"<img\b[^>]*?alt=\"([^\"]*)\"[^>]*>", re.DOTALL)
_ADDRESS = re.compile(r"url\(['\"]?https?:[^)]*\)")


def make_local(site: Path, outcomes: Sequence[Outcome]) -> None:
    """Rewrite every page in the folder `site`; the first one lists the others and what they say."""
    style = (files("kantor.data.checks") / "data_docs.css").read_text(encoding="utf-8")
    head = f'<link rel="icon" href="data:,">\n<style>\n{style}</style>\n</head>'
    for path in sorted(site.rglob("*.html")):
        text = _LOADS.sub("", path.read_text(encoding="utf-8"))
        text = _ADDRESS.sub("none", _PICTURE.sub(r"\1", text)).replace("</head>", head, 1)
        if path == site / "index.html":
            text = text.replace("<body>", f"<body>\n{_contents(site, outcomes)}", 1)
        path.write_text(text, "utf-8")
    shutil.rmtree(site / "static", ignore_errors=True)


def _contents(site: Path, outcomes: Sequence[Outcome]) -> str:
    """The pages of each table as links, and how many of its checks passed."""
    rows = []
    for path in sorted(site.glob("validations/**/*.html")):
        level = path.relative_to(site).parts[1]
        checks = [one for one in outcomes if one.level == level]
        passed = sum(one.success is True for one in checks)
        result, suite = path.relative_to(site).as_posix(), f"expectations/{level}.html"
        rows.append(
            f'<tr><th>{escape(level)}</th><td><a href="{escape(result)}">Validation result</a></td>'
            f'<td>{passed} of {len(checks)} checks passed</td><td><a href="{escape(suite)}">'
            "Expectations</a></td></tr>"
        )
    return f"<h1>Data Docs</h1>\n<table>\n{chr(10).join(rows)}\n</table>\n"
