"""Commands whose help stands in sections and whose refusals say what to write instead."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose options stand under the ``rich_help_panel`` that they name, in plain text.

    Sections stand in the order of their first options; options that name none come last.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each section."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        others: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            name = getattr(parameter, "rich_help_panel", None)
            if parameter.param_type_name == "argument":
                name = "Arguments"
            if record is not None:
                words = re.sub(r"([\d.]+)<=x<=([\d.]+)", r"\1 to \2", record[1])
                words = words.replace("x>=0", "0 or more")
                shown = (record[0].split(" <list")[0], words)
                (sections.setdefault(name, []) if name else others).append(shown)
        for name, records in {**sections, "Options": others}.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; a number that cannot be is refused with those that can."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            faults: Any = error.__cause__  # pydantic's, which names neither option nor range
            about: Any = error.param
            kind = getattr(getattr(about, "type_descriptor", None), "annotation", None)
            if kind in (int, float) and hasattr(faults, "errors"):
                said = faults.errors()[0]["input"]
                error.message = f"{said!r}: expected {_numbers(about, kind)}"
                if kind is float:
                    error.message += _meant(said, about.min, about.max)
            error.message = error.message.removeprefix("Value error, ")
            raise


class Group(TyperGroup):
    """A group that knows a file where a command should stand."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; of a file say what composes for it."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            if Path(args[0]).exists():
                what = "batch" if Path(args[0]).is_dir() else "compose"
                error.message = f"{args[0]!r} is no command; write `{ctx.command_path} {what} …`"
            raise


def _numbers(parameter: Any, kind: type) -> str:
    """The numbers that an option takes, such as ``"a whole number from 1 to 100"``."""
    what = "a whole number" if kind is int else "a number"
    least, most = parameter.min, parameter.max
    if most is None:
        return what if least is None else f"{what} from {least} on"
    return f"{what} from {least} to {most}"


def _meant(said: str, least: float, most: float) -> str:
    """What to write for ``"0,5"`` and ``"1/2"``; empty for whatever else is no number."""
    if not re.fullmatch(r"\d{1,9}(,\d{1,9}|/0*[1-9]\d{0,8})", said, re.ASCII):
        return ""
    number = float(Fraction(said.replace(",", ".")))
    return f"; write {number:g}" if least <= number <= most else ""
