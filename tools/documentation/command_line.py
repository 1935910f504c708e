"""The command line's reference, written from the parsers of `zograscope` and Blender's command."""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

from zograscope_server.command_line.main import make_parser

REPOSITORY = Path(__file__).resolve().parent.parent.parent
OWN_OPTIONS = "`--blender` and `--extension`"

INTRODUCTION = """\
# The command line

`zograscope COMMAND --help` says the same in a terminal. How they are used is told where each
belongs: [dioramas](dioramas.md), [mosaics](mosaics.md), [dreams](dreams.md),
[portraits](portraits.md) and [farms](farms.md).
"""


def page() -> str:
    """Return the whole reference as Markdown."""
    parser = make_parser()
    (commands,) = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    told = {choice.dest: choice.help for choice in commands._choices_actions}
    sections = [
        section(f"zograscope {name}", told.get(name) or "", subparser)
        for name, subparser in commands.choices.items()
    ]
    return "\n".join([INTRODUCTION, *sections, _in_blender()])


def section(name: str, help_: str, parser: argparse.ArgumentParser) -> str:
    """Return what one command takes: its usage, and a table of its options."""
    lines = [f"## {name}", "", sentence(help_), "", "```text", _usage(parser), "```", ""]
    rows = [row for action in parser._actions if (row := _row(action))]
    if rows:
        lines += ["| option | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def sentence(words: str) -> str:
    """Return words of a help, which begin small and end without a stop, as a sentence."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?")) else ".")


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage as if the terminal were of the same width everywhere."""
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=88)  # type: ignore[assignment]
    return _at_home(parser.format_usage().removeprefix("usage: ").strip())


def _row(action: argparse.Action) -> str | None:
    """Return an option's row of the table; None for what is hidden, and for help itself."""
    if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
        return None
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    value = ""
    if action.nargs != 0:
        formatter = argparse.HelpFormatter("")
        value = str(
            formatter._format_args(action, formatter._metavar_formatter(action, action.dest)(1)[0])
        )
    said = action.help or ""
    if "%" in said:
        said = said % {**vars(action), "prog": "zograscope"}
    if action.choices is not None:
        choices = ", ".join(f"`{choice}`" for choice in action.choices)
        said = f"{said}: {choices}" if said else choices
        value = "" if names else value
    what = f"{names} `{value}`" if names and value else names or f"`{value or action.dest}`"
    row = " ".join(f"{what}~~{said}".split()).replace("|", "\\|").replace("~~", " | ")
    return _at_home(f"| {row} |")


def _at_home(words: str) -> str:
    """Return words without the home folder of whoever builds the site."""
    return words.replace(str(Path.home()), "~")


def _in_blender() -> str:
    """Return the section on Blender's own command, with the commands that the extension has."""
    names = ", ".join(f"`{name}`" for name in blender_commands())
    return (
        "## blender --command zograscope\n\n"
        f"Where the extension is installed, Blender itself takes these commands: {names}. They "
        f"have the options above, but for {OWN_OPTIONS}, which only say where Blender is.\n\n"
        "```sh\nblender --command zograscope diorama street.jpg --output street.blend\n```\n"
    )


def blender_commands() -> Iterator[str]:
    """Give the names of the extension's records `Command(...)`, whose modules import bpy."""
    for path in sorted((REPOSITORY / "blender_addon").glob("*/command.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Command":
                yield ast.literal_eval(node.args[0])
