"""Check the data before a model sees it: great_expectations on what `frames` measured.

The outcome is told three times: as pages of great_expectations (Data Docs), as a page of our
own that needs no network, and as numbers for DVC. Pages of great_expectations hold ids and
times; the other two depend on the data and the limits alone.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.data.checks.data_docs import all_pages
from kantor.data.checks.outcomes import Outcome, columns_of, outcome_of
from kantor.data.checks.tables import Frames
from kantor.files import save

if TYPE_CHECKING:
    import pandas as pd

    from kantor.settings import Validate


def validate(
    frames: Frames, limits: Validate, steps: int, docs: Path | None = None
) -> list[Outcome]:
    """Check all tables, in the order of the suites.

    Parameters
    ----------
    frames
        The measured tables.
    limits
        Limits of the checks.
    steps
        The length that every window should have.
    docs
        Folder for the pages of great_expectations; replaced as a whole. None: no pages.
    """
    with quiet_library():
        from kantor.data.checks.suites import suites

        wanted = suites(limits, steps, frames.ensemble)
        return run({level: getattr(frames, level) for level in wanted}, wanted, docs)


@contextmanager
def quiet_library() -> Iterator[None]:
    """great_expectations 1.24 imports modules that Python has deprecated; that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def run(
    tables: Mapping[str, pd.DataFrame],
    suites: Mapping[str, Sequence[Any]],
    docs: Path | None = None,
) -> list[Outcome]:
    """Check `tables`, each with the suite of its name; to be called in a `quiet_library`.

    A table's first column names its rows. `docs` is a folder for the library's pages, or None.
    """
    with tempfile.TemporaryDirectory(prefix=".data_docs.", dir=_existing(docs)) as scratch:
        site = Path(scratch) / "site"
        context = _context(site)
        outcomes = []
        for level, checks in suites.items():
            frame = _without_markup(tables[level])
            possible = [check for check in checks if columns_of(check) <= {*frame}]
            found = _results(context, level, possible, frame) if possible else {}
            outcomes += [outcome_of(level, check, found, frame) for check in checks]
        if docs is not None:
            with all_pages():
                context.build_data_docs()
            _style(site)
            _replace(site, docs)
    return outcomes


def _without_markup(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with no angle bracket in a text: the library writes values into pages as is."""
    brackets = str.maketrans("<>", "‹›")

    def clean(value: object) -> object:
        return value.translate(brackets) if isinstance(value, str) else value

    texts = frame.columns[[kind.kind == "O" for kind in frame.dtypes]]
    return frame.assign(**{name: frame[name].map(clean) for name in texts})


def _existing(docs: Path | None) -> Path | None:
    """The folder in which to build: beside the target, so that moving is one step."""
    if docs is None:
        return None
    docs.parent.mkdir(parents=True, exist_ok=True)
    return docs.parent


def _context(site: Path) -> Any:
    """A library context that lives in memory and writes its pages into `site`."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site.absolute())}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    context.add_data_docs_site(
        "kantor",
        {
            "class_name": "SiteBuilder",
            "store_backend": backend,
            "site_index_builder": index,
            "show_how_to_buttons": False,
        },
    )
    return context


def _results(
    context: Any, level: str, checks: Sequence[Any], frame: pd.DataFrame
) -> dict[str, Any]:
    """The library's result of each check, by the check's short name."""
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier

    asset = context.data_sources.add_pandas(level).add_dataframe_asset(level)
    definition = gx.ValidationDefinition(
        name=level,
        data=asset.add_batch_definition_whole_dataframe(level),
        suite=context.suites.add(gx.ExpectationSuite(name=level, expectations=list(checks))),
    )
    wanted = {
        "result_format": "COMPLETE",  # only then do the pages say where
        "unexpected_index_column_names": [frame.columns[0]],
        "return_unexpected_index_query": False,
    }
    context.validation_definitions.add(definition)
    run = definition.run(
        batch_parameters={"dataframe": frame},
        result_format=wanted,
        run_id=RunIdentifier(run_name="validate"),
    )
    return {one.expectation_config.meta["check"]: one for one in run.results}


def _style(site: Path) -> None:
    """Let the pages be read without a network, from which they take their style and script."""
    style = (files("kantor.data.checks") / "data_docs.css").read_text(encoding="utf-8")
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("<head>", f"<head>\n<style>\n{style}</style>", 1), "utf-8")
    index = site / "index.html"
    pages = [path.relative_to(site).as_posix() for path in site.glob("validations/**/*.html")]
    links = [f'<a href="{page}">{page.split("/")[1]}</a>' for page in sorted(pages)]
    ways = f"<p>Validation results: {' · '.join(links)}</p>"
    text = index.read_text(encoding="utf-8")
    index.write_text(text.replace("<body>", f"<body>\n{ways}", 1), "utf-8")


def _replace(folder: Path, target: Path) -> None:
    """Put a finished folder into the place of an older one."""
    if target.exists():
        target.replace(folder.parent / "before")
    folder.replace(target)


def summary(frames: Frames, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The outcome as plain data: numbers first, then every check.

    DVC shows the numbers (`dvc metrics show`) and passes over the list.
    """
    figures = {one.name: round(one.figure, 6) for one in outcomes if one.figure is not None}
    splits = frames.splits.set_index("split")
    return {
        "checks": len(outcomes),
        "failed": sum(one.success is False for one in outcomes),
        "not_checked": sum(one.success is None for one in outcomes),
        "pieces": {str(name): int(count) for name, count in splits.get("pieces", {}).items()},
        "windows": {str(name): int(count) for name, count in splits.get("windows", {}).items()},
        "figures": figures,
        "results": [_plain(one) for one in outcomes],
    }


def _plain(outcome: Outcome) -> dict[str, Any]:
    values = {name: value for name, value in asdict(outcome).items() if name != "figure"}
    return values | {"places": list(outcome.places)}


def report(frames: Frames, limits: Validate, steps: int, folder: Path) -> list[Outcome]:
    """Check all tables and write the three reports into `folder`.

    Writes `validation.json`, `validation.html` and `data_docs/`, whatever the outcome.
    """
    from kantor.data.checks.page import page

    outcomes = validate(frames, limits, steps, folder / "data_docs")
    numbers = json.dumps(summary(frames, outcomes), indent=2, sort_keys=True, ensure_ascii=False)
    texts = {
        "validation.json": numbers + "\n",
        "validation.html": page(frames, outcomes, limits),
    }
    for name, text in texts.items():
        _write(folder / name, text)
    return outcomes


def _write(path: Path, text: str) -> None:
    save(path, lambda file: file.write(text.encode()))
