"""The first steps: three cards at most, one after the other, and never again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy

from . import preferences
from .server_link import link
from .server_panel import Sidebar, wrapped
from .server_setup.panels import draw_setup, is_wanted

BUTTON_SCALE = 1.5


@dataclass(frozen=True)
class Card:
    """One of the first steps.

    Attributes:
        text: what it says.
        draw_button: draws its one button.
    """

    text: str
    draw_button: Callable[[bpy.types.UILayout, bpy.types.Context], None]


def _draw_server(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what installs a server, or starts the one that is there."""
    if is_wanted():
        draw_setup(layout, context, None)
    else:
        row = layout.row()
        row.scale_y = BUTTON_SCALE
        row.operator("zograscope.start_server", icon="PLAY")


def _draw_step(operator: str, text: str, icon: str) -> Callable[..., None]:
    def draw(layout: bpy.types.UILayout, _context: bpy.types.Context) -> None:
        row = layout.row()
        row.scale_y = BUTTON_SCALE
        button = row.operator("zograscope.take_step", text=text, icon=icon)  # type: ignore[arg-type]
        button.operator = operator

    return draw


CARDS = (
    Card("", _draw_server),  # it has much to say itself
    Card(
        "A photograph becomes a scene that a camera can fly through. Try one that comes along.",
        _draw_step("example_photograph", "Example Photograph", "IMAGE_DATA"),
    ),
    Card(
        "A collection becomes a mosaic in which what looks alike lies together.",
        _draw_step("example_collection", "Example Collection", "IMGDISPLAY"),
    ),
)


def step() -> int:
    """Return the number of the card to show, from 0; as many as there are when all is done."""
    taken = preferences.get().tour_step
    return 1 if taken == 0 and link.connected else taken


def is_over() -> bool:
    """Whether the first steps were taken or skipped; until then they offer the examples."""
    return step() >= len(CARDS)


class ZOGRASCOPE_PT_tour(Sidebar):
    """The first steps, each with one button."""

    bl_label = "First Steps"
    topic = "first steps"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only until they were taken, or skipped."""
        return not is_over()

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the card."""
        layout, number = self.layout, step()
        card = CARDS[number]
        column = layout.column(align=True)
        for line in wrapped(card.text, context) if card.text else ():
            column.label(text=line)
        card.draw_button(layout, context)
        row = layout.row()
        row.label(text=f"{number + 1} of {len(CARDS)}")
        row.operator("zograscope.skip_tour", emboss=False)


class ZOGRASCOPE_OT_take_step(bpy.types.Operator):
    """Do this, and show the next of the first steps"""

    bl_idname = "zograscope.take_step"
    bl_label = "Next Step"

    operator: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Press the button, which may be refused, and turn the page if it was not."""
        press: Any = getattr(bpy.ops.zograscope, self.operator)  # type: ignore[attr-defined]
        if not press.poll():
            self.report({"WARNING"}, "This scene waits for another one already.")
            return {"CANCELLED"}
        result: set[str] = press()
        if result == {"FINISHED"}:
            _go_to(step() + 1)
        return result


class ZOGRASCOPE_OT_skip_tour(bpy.types.Operator):
    """Do not show the first steps again"""

    bl_idname = "zograscope.skip_tour"
    bl_label = "Skip"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remember that they are done with."""
        _go_to(len(CARDS))
        return {"FINISHED"}


def _go_to(number: int) -> None:
    preferences.get().tour_step = number
    preferences.keep()


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_PT_tour, ZOGRASCOPE_OT_take_step, ZOGRASCOPE_OT_skip_tour)
)
