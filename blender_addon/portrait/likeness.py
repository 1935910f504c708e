"""What to think of before a likeness moves: shown in Blender, said in full in the docs."""

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
    "docs/likeness.md, in the project, says more.",
)


def text() -> bpy.types.Text:
    """Return the words as a text of this file, to read in Blender's Text Editor."""
    page = bpy.data.texts.get(TITLE) or bpy.data.texts.new(TITLE)
    page.from_string("\n\n".join(WORDS) + "\n")
    return page
