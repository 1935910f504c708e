"""The capabilities of the extension. To add one is to add a folder, and its name here.

A capability's folder has a module `capability` with a record `CAPABILITY`. Everything that the
extension does for all capabilities alike is driven by these records: registration, model menus, the
copying of settings into a scene of its own, jobs that outlive Blender's own end, and commands.
"""

import argparse
import functools
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
from zograscope_protocol.job import Job

NAMES = (
    "depth",
    "mosaic",
    "portrait",
    "generative",
)

Source = dict[str, Any]
"""How something was asked for, as the file remembers it: a JSON object."""

Build = Callable[[Job, bpy.types.Scene, Source], None]

Show = Callable[[Path, bpy.types.Scene, str, Source], bpy.types.Image]
"""Takes a job's first frame, the scene that waits for it, the job's id and how it was asked for."""

Grow = Callable[[bpy.types.Image, int], None]
"""Takes the image sequence of a job's frames, and how many there are now."""


@dataclass(frozen=True)
class Command:
    """A subcommand of `blender --command zograscope`.

    Attributes:
        name, help: as a terminal shows them.
        add_arguments: adds its options to a parser.
        run: does what the parsed options ask; returns the exit status.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Presets:
    """Settings that are kept together under a name.

    Attributes:
        name: of their folder and their panel.
        owner: the expression that finds what has them, from `bpy` on.
        values: what follows the owner in an expression, such as `.quality` or `["near"]`.
        changed: called with the context when a preset has been taken.
    """

    name: str
    owner: str
    values: tuple[str, ...]
    changed: Callable[[bpy.types.Context], None] = lambda context: None


@dataclass(frozen=True)
class Capability:
    """What the extension knows of a capability.

    Attributes:
        name: of its folder, the same in each house.
        settings: name of its group of properties in each scene, which has `job_id` for the job
            that the scene waits for, `own_scene` where it builds, and `model` where it has models.
        modules: with `register` and `unregister`, in the order of registration.
        build: turns a job's result into a scene; called from the timer.
        title_of: names the job of a source for people.
        task_of: names the task of a source, by which its answer is checked.
        purpose: what its models are for, or None.
        show: begins to show a job's frames and returns the image sequence; None shows them on a
            plane.
        grow: tells what shows a job's frames how many there are; None tells whatever shows them.
        thing_of: returns what of this capability an object belongs to, or None.
        things_in: yields what of it a scene has.
        presets: names of its settings that a preset holds.
        more_presets: of other settings that are kept together.
        commands: its subcommands.
    """

    name: str
    settings: str
    modules: tuple[ModuleType, ...]
    build: Build
    title_of: Callable[[Source], str]
    task_of: Callable[[Source], str] = lambda source: ""
    purpose: str | None = None
    show: Show | None = None
    grow: Grow | None = None
    thing_of: Callable[[bpy.types.Object | None], object | None] = lambda item: None
    things_in: Callable[[bpy.types.Scene], Iterable[object]] = lambda scene: ()
    presets: tuple[str, ...] = ()
    more_presets: tuple[Presets, ...] = ()
    commands: tuple[Command, ...] = ()

    def settings_of(self, scene: bpy.types.Scene) -> bpy.types.PropertyGroup:
        """Return what the artist chose for it in a scene."""
        return getattr(scene, self.settings)


@functools.cache
def records() -> tuple[Capability, ...]:
    """Return the record of every capability, in the order of `NAMES`."""
    modules = [importlib.import_module(f".{name}.capability", __package__) for name in NAMES]
    return tuple(module.CAPABILITY for module in modules)


def named(name: str) -> Capability:
    """Return a capability by its name."""
    return next(capability for capability in records() if capability.name == name)


def with_models_for(purpose: str) -> Capability:
    """Return the capability whose models are for a purpose."""
    return next(capability for capability in records() if capability.purpose == purpose)
