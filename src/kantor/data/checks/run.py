"""Check the data before a model sees it: great_expectations on the measured tables.

The outcome is written three times: as pages of great_expectations (Data Docs), as a page of our
own that needs no network, and as numbers for DVC. Pages of great_expectations hold ids and
times; the other two depend on the data and the limits alone.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.data.checks.data_docs import make_local
from kantor.data.checks.outcomes import Outcome, columns_of, outcome_of
from kantor.data.checks.page import page
from kantor.data.checks.tables import Tables
from kantor.errors import one_line
from kantor.files import save

if TYPE_CHECKING:
    import pandas as pd

    from kantor.settings import Validate


def validate(tables: Tables, limits: Validate, steps: int, folder: Path) -> list[Outcome]:
    """Check all tables and write the three reports into `folder`.

    Writes `validation.json`, `validation.html` and `data_docs/`, whatever the outcome.
    """
    outcomes = check_tables(tables, limits, steps, folder / "data_docs")
    numbers = json.dumps(summary(tables, outcomes), indent=2, sort_keys=True, ensure_ascii=False)
    html = page(tables, outcomes, limits)
    save(folder / "validation.json", lambda file: file.write(f"{numbers}\n".encode()))
    save(folder / "validation.html", lambda file: file.write(html.encode()))
    return outcomes


def check_tables(
    tables: Tables, limits: Validate, steps: int, docs: Path | None = None
) -> list[Outcome]:
    """Check all tables, whose windows should be of `steps`; `docs` as for `run`."""
    from kantor.data.checks.suites import suites

    suite_of = suites(limits, steps, tables.ensemble, tables.spans())
    levels = tables.levels()
    return run(levels, {level: suite_of[level] for level in levels}, docs)


def summary(tables: Tables, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The outcome as plain data: numbers first, then every check.

    DVC shows the numbers (`dvc metrics show`) and passes over the list.
    """
    figures = {one.name: round(one.figure, 6) for one in outcomes if one.figure is not None}
    splits = tables.splits.set_index("split")
    results = [asdict(one) | {"places": list(one.places)} for one in outcomes]
    for result in results:
        del result["figure"]
    return {
        "checks": len(outcomes),
        "failed": sum(one.success is False for one in outcomes),
        "not_checked": sum(one.success is None for one in outcomes),
        "pieces": splits["pieces"].to_dict(),
        "windows": splits["windows"].to_dict(),
        "figures": figures,
        "results": results,
    }


def run(
    tables: Mapping[str, pd.DataFrame],
    suites: Mapping[str, Sequence[Any]],
    docs: Path | None = None,
) -> list[Outcome]:
    """Check `tables`, each with the suite of its name; a table's first column names its rows.

    `docs` is a folder for the library's pages, replaced as a whole; None for no pages.

    Raises
    ------
    OSError
        If one of the pages cannot be written.
    """
    if docs is not None:
        docs.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that moving the finished folder is one step.
    beside = docs.parent if docs else None
    with tempfile.TemporaryDirectory(prefix=".data_docs.", dir=beside) as scratch:
        site = Path(scratch) / "site"
        context = _context(site)
        outcomes = []
        for level, checks in suites.items():
            # The library writes values into its pages as they are: no text may hold markup.
            table = tables[level].replace({"<": "‹", ">": "›"}, regex=True)
            possible = [check for check in checks if columns_of(check) <= {*table}]
            results = _results(context, level, possible, table) if possible else {}
            outcomes += [outcome_of(level, check, results, table) for check in checks]
        if docs is not None:
            with no_page_missing():
                context.build_data_docs()
            make_local(site, outcomes)
            if docs.exists():
                docs.replace(Path(scratch) / "before")
            site.replace(docs)
    return outcomes


def _context(site: Path) -> Any:
    """A library context that lives in memory and writes its pages into `site`."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    ((name, settings),) = context.variables.data_docs_sites.items()
    backend = settings["store_backend"] | {"base_directory": str(site.absolute())}
    changes = {"store_backend": backend, "show_how_to_buttons": False}
    context.update_data_docs_site(name, settings | changes)
    return context


def _results(
    context: Any, level: str, checks: Sequence[Any], table: pd.DataFrame
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
    context.validation_definitions.add(definition)
    validated = definition.run(
        batch_parameters={"dataframe": table},
        result_format={
            "result_format": "COMPLETE",  # only then do the pages say where
            "unexpected_index_column_names": [table.columns[0]],
            "return_unexpected_index_query": False,
        },
        run_id=RunIdentifier(run_name="validate"),
    )
    return {one.expectation_config.meta["check"]: one for one in validated.results}


@contextmanager
def no_page_missing() -> Iterator[None]:
    """Raise as an `OSError` of one line what great_expectations 1.24 only logs."""
    logger = logging.getLogger("great_expectations.render.renderer.site_builder")

    def refuse_errors(record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            return True
        error = re.search(r'\w+: ".*?"', record.getMessage())
        fault = one_line(error[0] if error else record.getMessage(), 120)
        raise OSError(f"a page of Data Docs could not be written ({fault})")

    logger.addFilter(refuse_errors)
    try:
        yield
    finally:
        logger.removeFilter(refuse_errors)
