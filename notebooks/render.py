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
import resource
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

from kantor.pages import data_url

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "docs" / "hands-on"
FOLDERS = [HERE / "templates", HERE.parent / "src" / "kantor" / "pages" / "templates"]
STATE, VIEW = (f"application/vnd.jupyter.widget-{kind}+json" for kind in ("state", "view"))
SHOWN = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]
ALT = "A picture that the code above draws; the text says what to see in it."
CODE = ".highlight"
CELLS = re.compile(r"<!-- cells -->\n(.*)\n<!-- end of cells -->", re.DOTALL)
THUMB = 360, 360  # pixels at most


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
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})

    def pictures(model: str) -> list:
        state = models[model.removeprefix("IPY_MODEL_")]["state"]
        inner = [one for child in state.get("children", ()) for one in pictures(child)]
        return [*state.get("outputs", ()), *inner]

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["alt"] = ALT
            views = [(output, output.get("data", {}).get(VIEW)) for output in cell.outputs]
            shown = [pictures(view["model_id"]) if view else [output] for output, view in views]
            cell.outputs = [nbformat.from_dict(output) for some in shown for output in some]


def cells_of(notebook, origin: Path = HERE) -> str:
    """The cells of a notebook of the folder `origin` as HTML, with links from where pages lie."""
    without_widgets(notebook)
    exporter = HTMLExporter(template_name="basic")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    exporter.config.NbConvertBase.display_data_priority = SHOWN
    cells, _ = exporter.from_notebook_node(notebook)
    cells = re.sub(r'<a class="anchor-link".*?</a>| id="cell-id=\w+"', "", cells)

    def moved(match: re.Match) -> str:
        path, mark, anchor = match[1].partition("#")
        if not path or "://" in path or path.startswith(("data:", "mailto:")):
            return match[0]
        if re.fullmatch(r"\d\d_\w+\.(py|ipynb)|(.*/)?questions\.md", path):
            return f'href="{Path(path).stem}.html{mark}{anchor}"'
        return f'href="{os.path.relpath(origin / path, PAGES)}{mark}{anchor}"'

    return re.sub(r'href="([^"]*)"', moved, cells)


def told(page: str) -> dict:
    """What a page says of itself: which state of its lesson it shows, run time, small picture."""
    return json.loads(re.search(r'id="about">(.*?)</script>', page, re.DOTALL)[1])


def about(name: str) -> dict:
    """A lesson's title and first paragraph, in plain text, and what its page tells."""
    first = jupytext.read(HERE / f"{name}.py").cells[0].source
    bare = re.sub(r"[*`]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", first))
    title, idea, *_ = (" ".join(part.split()) for part in bare.split("\n\n") if part.strip())
    more = told((PAGES / f"{name}.html").read_text())
    return {"name": name, "title": title.removeprefix("# "), "idea": idea, **more}


def thumb(cells: str) -> str | None:
    """The first picture among the cells, small, as an address that holds it."""
    if not (found := re.search(r"data:image/png;base64,([\w+/=\s]+)", cells)):
        return None
    picture = Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")
    picture.thumbnail(THUMB)
    picture.save(stream := io.BytesIO(), "webp", quality=80)
    return data_url(stream.getvalue(), "image/webp")


def write(name: str, cells: str = "", **more: object) -> None:
    """Write the page `name`, in the frame that all of Kantor's pages have."""
    loader = jinja2.FileSystemLoader(FOLDERS)
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    made = made.get_template("index.html.j2" if name == "index" else "lesson.html.j2")
    light, dark = (HtmlFormatter(style=style) for style in ("default", "github-dark"))
    more |= {"light": light.get_style_defs(CODE), "dark": dark.get_style_defs(CODE)}
    contents = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', cells, re.DOTALL)
    page = made.render(cells=cells, contents=contents, **more)
    (PAGES / f"{name}.html").write_text(page + "\n")


def seconds() -> tuple[float, float]:
    """By the clock, and what lessons computed: on a machine that is not busy the less of both."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), used.ru_utime + used.ru_stime


def main(chosen: list[str]) -> None:
    """Run the lessons `chosen` and write their pages; renew the frames of all pages."""
    for name in chosen:
        began = seconds()
        cells = cells_of(run(name))
        took = min(now - then for now, then in zip(seconds(), began, strict=True))
        tells = {"lesson": digest(name), "seconds": round(took)}
        write(name, cells, told=json.dumps({**tells, "thumb": thumb(cells)}))
        print(f"{name}: {tells['seconds']} s", flush=True)
    there = [name for name in lessons() if (PAGES / f"{name}.html").exists()]
    every = [None, *map(about, there), None]
    for before, lesson, after in zip(every, every[1:], every[2:], strict=False):
        text = (PAGES / f"{lesson['name']}.html").read_text()
        turn = {"title": lesson["title"], "before": before, "after": after}
        write(lesson["name"], CELLS.search(text)[1], told=json.dumps(told(text)), **turn)
    asked = nbformat.v4.new_markdown_cell((PAGES / "questions.md").read_text())
    cells = cells_of(nbformat.v4.new_notebook(cells=[asked]), PAGES)
    write("questions", cells, title="Twenty questions")
    write("index", lessons=every[1:-1])


if __name__ == "__main__":
    main([] if sys.argv[1:] == ["--frames"] else sys.argv[1:] or lessons())
