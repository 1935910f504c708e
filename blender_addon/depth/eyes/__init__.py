"""Two eyes: a diorama as a stereoscopic picture, by Blender's own stereoscopy."""
