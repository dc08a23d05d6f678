"""The command line: compose for melodies, bring the data, look at the registry.

Results go to standard output, everything else to standard error. Exit codes: 0 done; 1 something
of Kantor's own is missing or broken (no model, no data); 2 bad input; 3 refused by the gate of
promotion; 130 stopped with Ctrl-C. What a command needs is imported when it runs, so that
``--help`` answers at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kantor.cli import console
from kantor.cli.batch import batch_command
from kantor.cli.commands import Command, Group
from kantor.cli.compose import EXAMPLES, compose_command
from kantor.cli.gallery import gallery_command
from kantor.cli.listen import listen_command
from kantor.cli.models import models
from kantor.cli.studio import studio_command
from kantor.cli.styles import styles_command

app = typer.Typer(
    name="kantor",
    cls=Group,
    help="Give it a melody, or any part of a piece: a model trained on Bach's chorales adds more.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"kantor {version('kantor')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before any command."""


app.command("compose", cls=Command, epilog=EXAMPLES)(compose_command)
app.command("batch", cls=Command)(batch_command)
app.command("styles", cls=Command)(styles_command)
app.command("gallery", cls=Command)(gallery_command)
app.command("studio", cls=Command)(studio_command)
app.command("listen", cls=Command)(listen_command)
app.add_typer(models, name="models")
app.add_typer(models, name="model", hidden=True)  # the same, for those who mean one


@app.command("data")
def data_command(
    style: Annotated[
        str | None, typer.Option(help="The style, such as classical; without it, Bach's.")
    ] = None,
) -> None:
    """Bring data/, or the data of a style, to what its pin says, such as data.dvc."""
    with console.in_one_line():
        from kantor.data import pin, style_data
        from kantor.registry import find_root

        if style is None:
            pin.materialise(find_root())
        else:
            style_data.materialise(find_root(), style)


@app.command("reference", hidden=True)
def reference_command() -> None:
    """Print this command line's reference in Markdown: docs/cli.md."""
    sections = [
        "# The command line\n\n"
        "Made by `kantor reference > docs/cli.md` from the commands' own help; "
        "a test checks that it is current.\n"
    ]
    commands: list[tuple[Any, typer.Context | None, str]] = [
        (typer.main.get_command(app), None, "kantor")
    ]
    for command, parent, name in commands:  # the list grows by what each group holds
        context = typer.Context(command, parent=parent, info_name=name, terminal_width=90)
        text = command.get_help(context).rstrip()
        sections.append(f"## {context.command_path}\n\n```text\n{text}\n```\n")
        inner = getattr(command, "commands", {})
        commands += [(one, context, name) for name, one in inner.items() if not one.hidden]
    typer.echo("\n".join(sections), nl=False)
