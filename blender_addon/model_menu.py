"""Which model works: a menu of the server's catalogue for each task, and downloads."""

from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import Request

from . import preferences
from .server_link import link
from .server_panel import Watched, refuse, wrapped

# Where each task's choice is kept.
TASK_SETTINGS = {"depth": "zograscope_depth", "embedding": "zograscope_mosaic"}


class ZOGRASCOPE_OT_choose_model(bpy.types.Operator):
    """Work with this model"""

    bl_idname = "zograscope.choose_model"
    bl_label = "Choose Model"
    bl_options = {"UNDO"}

    name: bpy.props.StringProperty()
    task: bpy.props.StringProperty(default="depth")

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Say what the model is good for."""
        model = link.model(properties.name, properties.task)
        return model["good_for"] if model else cls.__doc__

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose it."""
        getattr(context.scene, TASK_SETTINGS[self.task]).model = self.name
        return {"FINISHED"}


class ZOGRASCOPE_OT_download_model(Watched, bpy.types.Operator):
    """Download the model to the server's models folder"""

    bl_idname = "zograscope.download_model"
    bl_label = "Download Model"

    task: bpy.props.StringProperty(default="depth")
    name: bpy.props.StringProperty()  # the chosen one where it is empty

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the download, if Blender may go online."""
        if not bpy.app.online_access:
            return refuse(self, ZograscopeError("online-access-off"))
        name = self.name or getattr(context.scene, TASK_SETTINGS[self.task]).model
        try:
            link.submit(
                Request("download_model", {"name": name}), lambda job: link.ask_for_models()
            )
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_decline_model(bpy.types.Operator):
    """Go on with what is here, and do not recommend this model again"""

    bl_idname = "zograscope.decline_model"
    bl_label = "Not Now"

    name: bpy.props.StringProperty()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remember it."""
        preferences.decline(self.name)
        return {"FINISHED"}


def recommended_model(task: str, name: str) -> dict[str, Any] | None:
    """Return a better model to download where an embedded one is chosen, unless it was declined."""
    model = link.model(name, task)
    if model is None or not model.get("embedded"):
        return None
    for other in link.models:
        if other["task"] == task and other.get("recommended") and not other["installed"]:
            return None if preferences.is_declined(other["name"]) else other
    return None


def draw_download(layout: bpy.types.UILayout, model: dict[str, Any]) -> None:
    """Draw the button that downloads a model."""
    size = f"Download ({model['bytes'] / 1e6:.0f} MB)"
    download = layout.operator("zograscope.download_model", text=size, icon="IMPORT")
    download.name, download.task = model["name"], model["task"]


def draw_recommendation(
    layout: bpy.types.UILayout, context: bpy.types.Context, better: dict[str, Any]
) -> None:
    """Offer a better model once, with what it is good for."""
    box = layout.box()
    box.label(text=f"{better['title']} sees more.", icon="INFO")
    for line in wrapped(better["good_for"], context):
        box.label(text=line)
    row = box.row(align=True)
    draw_download(row, better)
    row.operator("zograscope.decline_model").name = better["name"]


def draw_model(
    layout: bpy.types.UILayout, context: bpy.types.Context, task: str, name: str
) -> None:
    """Draw the choice of model, its licence, and its download where it is not here."""
    model = link.model(name, task)
    row = layout.split(factor=0.4)
    row.alignment = "RIGHT"
    row.label(text="Model")
    menu = f"ZOGRASCOPE_MT_{task}_models"
    row.menu(menu, text=model["title"] if model else name.capitalize())
    if model is None:
        return
    licence = layout.row()
    licence.alert = not model["commercial"]
    licence.label(text=f"Licence: {model['licence']}{_licence_note(model)}", icon="COPY_ID")
    if not model["installed"]:
        draw_download(layout, model)
    better = recommended_model(task, name)
    if better is not None:
        draw_recommendation(layout, context, better)


class _Models:
    """The models of the server's catalogue for one task."""

    bl_label = "Model"
    task = ""

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu."""
        models = [model for model in link.models if model["task"] == self.task]
        for model in models:
            choice = self.layout.operator(
                "zograscope.choose_model",
                text=model["title"] + _licence_note(model),
                icon="CHECKMARK" if model["installed"] else "IMPORT",
            )
            choice.name, choice.task = model["name"], self.task
        if not models:
            self.layout.label(text="Start the server to see its models")


class ZOGRASCOPE_MT_depth_models(_Models, bpy.types.Menu):
    """What estimates depth."""

    task = "depth"


class ZOGRASCOPE_MT_embedding_models(_Models, bpy.types.Menu):
    """What compares images."""

    task = "embedding"


def _licence_note(model: dict[str, Any]) -> str:
    return "" if model["commercial"] else " (non-commercial)"


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_OT_choose_model,
        ZOGRASCOPE_OT_download_model,
        ZOGRASCOPE_OT_decline_model,
        ZOGRASCOPE_MT_depth_models,
        ZOGRASCOPE_MT_embedding_models,
    )
)
