"""Images of encoded files and of maps of numbers, packed into the .blend as they are."""

from pathlib import Path

import bpy
import numpy as np


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


def picture_image(name: str, pixels: np.ndarray) -> bpy.types.Image:
    """Make an image of RGBA pixels (h, w, 4) uint8 whose row 0 is the top, packed without loss."""
    height, width, _ = pixels.shape
    image = bpy.data.images.new(name, width, height, alpha=True)
    image.alpha_mode = "STRAIGHT"  # of what is packed otherwise, Workbench leaves alpha out
    image.pixels.foreach_set((pixels[::-1] / np.float32(255)).ravel())
    image.pack()
    return image


def pixels_of(image: bpy.types.Image) -> np.ndarray:
    """Return the RGBA pixels of a picture as they stand in its file: (h, w, 4) uint8."""
    width, height = image.size
    pixels = np.empty((height, width, 4), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    return np.rint(pixels[::-1] * np.float32(255)).astype(np.uint8)


def map_image(name: str, channels: np.ndarray) -> bpy.types.Image:
    """Make a float image of maps (h, w, 1 or 3) whose row 0 is the top, packed without loss."""
    height, width, _ = channels.shape
    image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    set_maps(image, channels)
    image.pack()
    return image


def set_maps(image: bpy.types.Image, channels: np.ndarray) -> None:
    """Give a float image other maps (h, w, 1 or 3) of its size; they are not packed yet."""
    width, height = image.size
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = channels[::-1]
    image.pixels.foreach_set(pixels.ravel())


def maps_of(image: bpy.types.Image) -> np.ndarray:
    """Return the maps of a float image, (h, w, 3) with row 0 at the top."""
    width, height = image.size
    pixels = np.empty((height, width, 4), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    return pixels[::-1, :, :3]
