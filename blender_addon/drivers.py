"""Drivers without Python, so that a .blend needs no extension and no permission to run scripts."""

from collections.abc import Sequence

import bpy


def drive(
    owner: bpy.types.ID,
    path: str,
    root: bpy.types.Object,
    setting: str,
    *,
    factor: float = 1.0,
    index: int = -1,
) -> None:
    """Let a property follow a setting of the root, times a factor, without Python expressions."""
    curve = owner.driver_add(path, index)
    curve.driver.type = "AVERAGE"
    variable = curve.driver.variables.new()
    _follow(variable, root, setting)
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    if factor != 1.0:
        generator = curve.modifiers.new("GENERATOR")
        generator.coefficients = (0.0, factor)


def drive_by_least(
    owner: bpy.types.ID, path: str, root: bpy.types.Object, settings: Sequence[str]
) -> None:
    """Let a property follow the lowest of some settings of the root."""
    curve = owner.driver_add(path)
    curve.driver.type = "MIN"
    for setting in settings:
        _follow(curve.driver.variables.new(), root, setting)
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)


def drive_beyond(
    owner: bpy.types.ID,
    path: str,
    leaders: Sequence[bpy.types.Object],
    setting: str,
    *,
    index: int = -1,
) -> None:
    """Let a property be 1, or 1 and more by the largest of a setting of several objects.

    What drove it before does so no longer.
    """
    owner.driver_remove(path, index)
    curve = owner.driver_add(path, index)
    curve.driver.type = "MAX"
    for leader in leaders:
        _follow(curve.driver.variables.new(), leader, setting)
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    generator = curve.modifiers.new("GENERATOR")
    generator.coefficients = (1.0, 1.0)
    limits = curve.modifiers.new("LIMITS")
    limits.use_min_y, limits.min_y = True, 1.0


def _follow(variable: bpy.types.DriverVariable, root: bpy.types.Object, setting: str) -> None:
    variable.type = "SINGLE_PROP"
    variable.targets[0].id = root
    variable.targets[0].data_path = f'["{setting}"]'
