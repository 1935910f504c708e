"""Jobs whose results become scenes: noted in the file, so that they outlive Blender's own end."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent
from zograscope_protocol.client import Job
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import Request

from .server_link import link

Source = dict[str, Any]
"""How something was asked for, as the file remembers it: a JSON object."""

Build = Callable[[Job, bpy.types.Scene, Source], None]


class SceneJobs:
    """The jobs of one capability. A scene waits for one of them at most.

    `settings` names the scene's group of properties, whose `job_id` holds the job's id and source;
    `build` turns a result into a scene, and is called from the timer.
    """

    def __init__(self, settings: str, build: Build) -> None:
        self._settings = settings
        self._build = build

    def start(self, scene: bpy.types.Scene, request: Request, source: Source) -> None:
        """Submit a job and note that the scene waits for it.

        Raises ZograscopeError when there is no server and none may be started.
        """
        name, job_id = scene.name, uuid.uuid4().hex
        link.submit(
            request,
            lambda job: self._finish(job, name, source),
            on_stopped=lambda: self._forget(name),
            job_id=job_id,
        )
        getattr(scene, self._settings).job_id = f"{job_id} {json.dumps(source)}"

    def take_up(self, scene: bpy.types.Scene) -> None:
        """Wait again for the job that a scene was waiting for when it was saved."""
        pending = getattr(scene, self._settings).job_id
        if not pending:
            return
        job_id, _, text = pending.partition(" ")
        name = scene.name
        try:
            source = json.loads(text)
            link.attach(
                job_id,
                lambda job: self._finish(job, name, source),
                on_stopped=lambda: self._forget(name),
            )
        except ZograscopeError as error:
            link.error = error
        except ValueError:
            self._forget(name)

    def register(self) -> None:
        """Look at each file that is opened."""

        @persistent
        def take_up_all(*_: object) -> None:
            for scene in bpy.data.scenes:
                self.take_up(scene)

        self._handler = take_up_all
        bpy.app.handlers.load_post.append(take_up_all)

    def unregister(self) -> None:
        """Do so no longer."""
        bpy.app.handlers.load_post.remove(self._handler)

    def _finish(self, job: Job, scene_name: str, source: Source) -> None:
        scene = bpy.data.scenes.get(scene_name)
        if scene is None or not getattr(scene, self._settings).job_id.startswith(job.id):
            return  # the artist has deleted it, or opened another file
        self._forget(scene_name)
        self._build(job, scene, source)

    def _forget(self, scene_name: str) -> None:
        """Note that a scene no longer waits."""
        scene = bpy.data.scenes.get(scene_name)
        if scene is not None:
            getattr(scene, self._settings).job_id = ""
