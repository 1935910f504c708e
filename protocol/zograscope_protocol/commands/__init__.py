"""The options of commands that the server's command line and Blender's have in common."""
