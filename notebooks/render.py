"""Run lessons and write them as pages: ``python notebooks/render.py [02_game_of_two ...]``.

Each page is one file in docs/hands-on with its pictures and sounds in it; it asks no other site
for anything. ``--frames`` runs nothing: it renews links between pages, the questions, the index.
"""

import base64
import hashlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import jinja2
import jupytext
import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image
from pygments.formatters import HtmlFormatter

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "docs" / "hands-on"
WIDGETS = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
SHOWN = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]
ALT = "A picture that the code above draws; the text says what to see in it."
BODY = re.compile(r"<!-- cells -->\n(.*)\n<!-- end of cells -->", re.DOTALL)
THUMB_PIXELS = 360


def lessons() -> list[str]:
    """The names of all lessons, in their order."""
    return [path.stem for path in sorted(HERE.glob("[0-9][0-9]_*.py"))]


def digest(name: str) -> str:
    """What a page keeps of the lesson that it shows."""
    return hashlib.sha256((HERE / f"{name}.py").read_bytes()).hexdigest()[:16]


def run(name: str, folder: Path = HERE, environment: Mapping[str, str] = os.environ):
    """The notebook of a lesson, after all its cells ran in `folder`."""
    notebook = jupytext.read(folder / f"{name}.py")
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources=where)
    client.execute(env=dict(environment))
    return notebook


def without_widgets(notebook) -> None:
    """In place of each slider, what it shows as it stands: a page has no Python to move it."""
    models = notebook.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {})

    def pictures(model: str) -> list:
        state = models[model.removeprefix("IPY_MODEL_")]["state"]
        inner = [one for child in state.get("children", ()) for one in pictures(child)]
        return [*state.get("outputs", ()), *inner]

    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata["alt"] = ALT
        shown = []
        for output in cell.outputs:
            view = output.get("data", {}).get(VIEW)
            shown += pictures(view["model_id"]) if view else [output]
        cell.outputs = [type(notebook)(output) for output in shown]


def linked(body: str, origin: Path) -> str:
    """Links from the folder `origin` as links from where the pages lie."""

    def moved(match: re.Match) -> str:
        path, mark, anchor = match[1].partition("#")
        if not path or "://" in path or path.startswith(("data:", "mailto:")):
            return match[0]
        if re.fullmatch(r"\d\d_\w+\.(py|ipynb)|(.*/)?questions\.md", path):
            return f'href="{Path(path).stem}.html{mark}{anchor}"'
        return f'href="{os.path.relpath(origin / path, PAGES)}{mark}{anchor}"'

    return re.sub(r'href="([^"]*)"', moved, body)


def told(page: str) -> dict:
    """What a page says of itself: which state of its lesson it shows, run time, small picture."""
    return json.loads(re.search(r'id="about">(.*?)</script>', page, re.DOTALL)[1])


def about(name: str) -> dict:
    """A lesson's title and first sentence, from its first cell, and what its page tells."""
    first = jupytext.read(HERE / f"{name}.py").cells[0].source
    title, *paragraphs = (part.strip() for part in first.split("\n\n") if part.strip())
    page = PAGES / f"{name}.html"
    more = told(page.read_text()) if page.exists() else {"seconds": None, "thumb": None}
    return {"name": name, "title": title.removeprefix("# "), "idea": plain(paragraphs[0]), **more}


def plain(markdown: str) -> str:
    """A paragraph's words, without links and marks."""
    return re.sub(r"[*`]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(markdown.split())))


def thumb(body: str) -> str | None:
    """The first picture of a page, small, as an address that holds it."""
    found = re.search(r"data:image/png;base64,([\w+/=\s]+)", body)
    if not found:
        return None
    picture = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")
    picture.thumbnail((THUMB_PIXELS, THUMB_PIXELS))
    picture.save(stream := io.BytesIO(), "webp", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def template(name: str) -> jinja2.Template:
    """A template beside this script, in the frame that all of Kantor's pages have."""
    folders = [HERE / "templates", HERE.parent / "src" / "kantor" / "pages" / "templates"]
    loader = jinja2.FileSystemLoader(folders)
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True).get_template(name)


def body_of(notebook, origin: Path = HERE) -> str:
    """The cells of a notebook that lies in the folder `origin`, as HTML."""
    without_widgets(notebook)
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        config={"NbConvertBase": {"display_data_priority": SHOWN}},
    )
    return linked(exporter.from_notebook_node(notebook)[0], origin)


def write(name: str) -> str:
    """Run a lesson and write its page; one line on it."""
    began = time.monotonic()
    notebook = run(name)
    seconds = round(time.monotonic() - began)
    body = body_of(notebook)
    page = framed(name, body, {"lesson": digest(name), "seconds": seconds, "thumb": thumb(body)})
    (PAGES / f"{name}.html").write_text(page)
    return f"{name}: {seconds} s, {len(page.encode()) / 1000:.0f} KB"


def framed(name: str, body: str, tells: dict) -> str:
    """A page: the cells, with links to the lessons before and after it."""
    every = [about(one) for one in lessons()]
    at = [one["name"] for one in every].index(name)
    made = template("lesson.html.j2").render(
        title=every[at]["title"],
        body=body,
        contents=re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', body),
        before=every[at - 1] if at else None,
        after=every[at + 1] if at + 1 < len(every) else None,
        light=HtmlFormatter(style="default").get_style_defs(".highlight"),
        dark=HtmlFormatter(style="github-dark").get_style_defs(".highlight"),
        told=json.dumps(tells),
    )
    return made + "\n"


def main(chosen: list[str]) -> None:
    """Write the pages of the lessons `chosen`; make all frames, the questions and the index new."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        print(write(name), flush=True)
    for name in lessons():
        page = PAGES / f"{name}.html"
        if page.exists():
            text = page.read_text()
            page.write_text(framed(name, BODY.search(text)[1], told(text)))
    asked = nbformat.v4.new_markdown_cell((PAGES / "questions.md").read_text())
    body = body_of(nbformat.v4.new_notebook(cells=[asked]), PAGES)
    made = template("lesson.html.j2").render(title="Twenty questions", body=body)
    (PAGES / "questions.html").write_text(made + "\n")
    made = template("index.html.j2").render(lessons=[about(name) for name in lessons()])
    (PAGES / "index.html").write_text(made + "\n")


if __name__ == "__main__":
    main([] if sys.argv[1:] == ["--frames"] else sys.argv[1:] or lessons())
