"""Pages from templates in a package's folder ``templates``; what comes from files is escaped."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def template(package: str, name: str) -> Template:
    """The template `name` of a package; those beside it can be included, an unknown name fails."""
    import jinja2

    folder = resources.files(package) / "templates"
    texts = {part.name: part.read_text() for part in folder.iterdir() if part.is_file()}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)
