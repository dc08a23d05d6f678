"""What all pages have in common: one skeleton, one style sheet, one drawing of a piano roll.

A page is a template in the folder ``templates`` of its package that extends ``page.html.j2``. It
is one file that loads nothing from elsewhere. What comes from files is escaped.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(package: str, name: str) -> Template:
    """The template `name` of a package.

    It can include and extend those beside it and those of this package; an unknown name fails.
    """
    import jinja2

    folders = [resources.files(one) / "templates" for one in (__name__, package)]
    texts = {part.name: part.read_text("utf-8") for folder in folders for part in folder.iterdir()}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)


def data_url(content: bytes, kind: str) -> str:
    """Content of a MIME type as an address that holds it: the page asks no server for it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
