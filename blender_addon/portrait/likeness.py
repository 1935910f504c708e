"""What to think of before a likeness moves: in short in a popup, in full on the project's page."""

from pathlib import Path

import bpy

TITLE = "Likeness and Consent"
WORDS = (
    "A portrait that moves shows a person doing what that person never did.",
    "Of the living, ask first: portrait and driver both show somebody, who may say no.",
    "Of the dead, think of those who knew them, and say what is made and what is known.",
    "Every frame is marked as made (content credentials). `zograscope verify FILE` reads the mark.",
    "In the European Union who publishes such pictures must say, clearly and from the first "
    "moment, that they are made (AI Act, article 50). In evident works of art a fitting note is "
    "enough.",
    "The credit that can be chosen is such a note within the picture.",
    "Nothing is uploaded: portrait and driver go only to the server in the preferences.",
)

PAGE = Path(__file__).parent.parent / "likeness.md"
"""The project's docs/likeness.md, which the extension brings along."""


def text() -> bpy.types.Text:
    """Return the whole page as a text of this file, as it stands in this version."""
    page = bpy.data.texts.get(TITLE) or bpy.data.texts.new(TITLE)
    page.from_string(PAGE.read_text("utf-8"))
    return page


def show(page: bpy.types.Text) -> None:
    """Show a text in a window of its own, from its beginning."""
    bpy.ops.wm.window_new()
    area = bpy.context.window_manager.windows[-1].screen.areas[0]
    area.type = "TEXT_EDITOR"
    space = area.spaces.active
    space.text, space.show_word_wrap, space.show_line_numbers = page, True, False
    space.show_syntax_highlight, space.top = False, 0
