"""Which model works: a menu of the server's catalogue for each purpose, and downloads.

Operators and the catalogue call a model's purpose its `task`, as scripts and protocol 1.0 do.
"""

from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.models import DownloadOptions

from . import capabilities, preferences
from .job_operators import JobOperator
from .pending_jobs import Waiting
from .server_link import link


class ZOGRASCOPE_OT_choose_model(bpy.types.Operator):
    """Work with this model"""

    bl_idname = "zograscope.choose_model"
    bl_label = "Choose Model"
    bl_options = {"UNDO"}

    name: bpy.props.StringProperty()
    task: bpy.props.StringProperty(
        name="Purpose", description="What the model is for", default="depth"
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Say what the model is good for."""
        model = link.model(properties.name, properties.task)
        return model["good_for"] if model else cls.__doc__

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose it."""
        _settings_for(self.task, context.scene).model = self.name
        return {"FINISHED"}


class ZOGRASCOPE_OT_download_model(JobOperator):
    """Download the model to the server's models folder"""

    bl_idname = "zograscope.download_model"
    bl_label = "Download Model"
    watched = False

    task: bpy.props.StringProperty(
        name="Purpose", description="What the model is for", default="depth"
    )
    name: bpy.props.StringProperty()  # the chosen one where it is empty

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Say what the model is good for."""
        model = link.model(properties.name, properties.task)
        return f"{cls.__doc__}: {model['good_for']}" if model else cls.__doc__

    def start(self, context: bpy.types.Context) -> Job:
        """Start the download, if Blender may go online."""
        if not bpy.app.online_access:
            raise ZograscopeError("online-access-off")
        name = self.name or _settings_for(self.task, context.scene).model
        model = link.model(name, self.task)
        waiting = Waiting(
            title=f"Download of {model['title'] if model else name}",
            on_done=lambda job: link.ask_for_models(),
        )
        return link.submit(DownloadOptions(name=name).submission(), waiting)


class ZOGRASCOPE_OT_decline_model(bpy.types.Operator):
    """Go on with what is here, and do not recommend this model again"""

    bl_idname = "zograscope.decline_model"
    bl_label = "Not Now"

    name: bpy.props.StringProperty()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remember it."""
        preferences.decline(self.name)
        return {"FINISHED"}


def recommended_model(purpose: str, name: str) -> dict[str, Any] | None:
    """Return a better model to download where an embedded one is chosen, unless it was declined."""
    model = link.model(name, purpose)
    if model is None or not model.get("embedded"):
        return None
    for other in link.models:
        if other["task"] == purpose and other.get("recommended") and not other["installed"]:
            return None if preferences.is_declined(other["name"]) else other
    return None


def draw_download(
    layout: bpy.types.UILayout, model: dict[str, Any], what: str = "Download"
) -> None:
    """Draw the button that downloads a model."""
    text = f"{what}, {model['bytes'] / 1e6:.0f} MB"
    download = layout.operator("zograscope.download_model", text=text, icon="IMPORT")
    download.name, download.task = model["name"], model["task"]


def draw_recommendation(layout: bpy.types.UILayout, better: dict[str, Any]) -> None:
    """Offer a better model once, in one line; what it is good for is the button's tooltip."""
    row = layout.row(align=True)
    draw_download(row, better, better["title"])
    row.operator("zograscope.decline_model", text="", icon="X").name = better["name"]


def draw_model(layout: bpy.types.UILayout, purpose: str, name: str) -> None:
    """Draw the choice of model, its licence, and its download where it is not here."""
    model = link.model(name, purpose)
    row = layout.split(factor=0.4)
    row.alignment = "RIGHT"
    row.label(text="Model")
    row.menu(_menu_name(purpose), text=model["title"] if model else name.capitalize())
    if model is None:
        return
    licence = layout.row()
    licence.alert = not model["commercial"]
    licence.label(text=f"Licence: {model['licence']}{_licence_note(model)}", icon="COPY_ID")
    if not model["installed"]:
        draw_download(layout, model)
    better = recommended_model(purpose, name)
    if better is not None:
        draw_recommendation(layout, better)


class _Models(bpy.types.Menu):
    """The models of the server's catalogue for one purpose."""

    bl_label = "Model"
    purpose = ""

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu."""
        models = [model for model in link.models if model["task"] == self.purpose]
        for model in models:
            choice = self.layout.operator(
                "zograscope.choose_model",
                text=model["title"] + _licence_note(model),
                icon="CHECKMARK" if model["installed"] else "IMPORT",
            )
            choice.name, choice.task = model["name"], self.purpose
        if not models:
            self.layout.label(text="Start the server to see its models")


def _licence_note(model: dict[str, Any]) -> str:
    return "" if model["commercial"] else " (non-commercial)"


def _menu_name(purpose: str) -> str:
    return f"ZOGRASCOPE_MT_{purpose}_models"


def _settings_for(purpose: str, scene: bpy.types.Scene) -> bpy.types.PropertyGroup:
    """Return where the choice of a model for a purpose is kept."""
    return capabilities.with_models_for(purpose).settings_of(scene)


_OPERATORS = (
    ZOGRASCOPE_OT_choose_model,
    ZOGRASCOPE_OT_download_model,
    ZOGRASCOPE_OT_decline_model,
)
_register_operators, _unregister_operators = bpy.utils.register_classes_factory(_OPERATORS)
_menus: list[type[bpy.types.Menu]] = []


def register() -> None:
    """Add the operators, and a menu for each purpose that a capability has models for."""
    _register_operators()
    for capability in capabilities.records():
        if capability.purpose is not None:
            members = {"__doc__": _Models.__doc__, "purpose": capability.purpose}
            menu = type(_menu_name(capability.purpose), (_Models, bpy.types.Menu), members)
            bpy.utils.register_class(menu)
            _menus.append(menu)


def unregister() -> None:
    """Take them away again."""
    while _menus:
        bpy.utils.unregister_class(_menus.pop())
    _unregister_operators()
