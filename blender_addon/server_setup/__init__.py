"""Installs the server from within Blender, without a terminal.

`set_up` does it in a process of its own, of which Blender's timer (`watching`) reads how far it is.
What neither draws nor presses knows nothing of bpy: `backends` (what to compute on), `installation`
(what lies where), `orders` (what is to be done), `programs` (running others, and why they failed).
A `trial` runs in the new server's Python. The lists in `requirements` are locked by
tools/lock_requirements.py.
"""
