"""Drivers without Python, so that a .blend needs no extension and no permission to run scripts."""

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
    variable.type = "SINGLE_PROP"
    variable.targets[0].id = root
    variable.targets[0].data_path = f'["{setting}"]'
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    if factor != 1.0:
        generator = curve.modifiers.new("GENERATOR")
        generator.coefficients = (0.0, factor)
