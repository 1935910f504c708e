"""Images of encoded files, packed into the .blend as they are."""

from pathlib import Path

import bpy


def image_from_bytes(name: str, data: bytes) -> bpy.types.Image:
    """Make an image of an encoded file, packed into the .blend as it is."""
    image = bpy.data.images.new(name, 1, 1)
    image.source = "FILE"
    image.pack(data=data, data_len=len(data))
    # Colours as they stand in the file, even where alpha is 0.
    image.alpha_mode = "CHANNEL_PACKED"
    return image


def file_bytes(image: bpy.types.Image) -> bytes:
    """Return the encoded file of an image, packed or beside the .blend."""
    if image.packed_file:
        return bytes(image.packed_file.data)
    return Path(bpy.path.abspath(image.filepath, library=image.library)).read_bytes()
