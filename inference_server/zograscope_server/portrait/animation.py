"""A portrait and a driver become frames: the whole way, over arrays and files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions


def animate_file(
    image: bytes, driver: Path, options: PortraitOptions, models: Path | None = None
) -> Iterator[np.ndarray]:
    """Yield the frames, like the source."""
    import av

    from zograscope_server.faces.landmarks import Landmarker
    from zograscope_server.images import read_photograph
    from zograscope_server.portrait.mesh.mover import MeshMover
    from zograscope_server.portrait.track import follow
    from zograscope_server.portrait.transfer import transfer

    models = models or Path("/tmp/models")

    def frames():
        with av.open(str(driver)) as container:
            for frame in container.decode(video=0):
                yield float(frame.time), frame.to_ndarray(format="rgb24")

    with Landmarker(models / "face_landmarker.task", clip=True, most_faces=1) as landmarker:
        track = follow(frames(), landmarker, options.driver_name, 0, options.neutral_frame)
    source = read_photograph(image, options.file_name).pixels
    with Landmarker(models / "face_landmarker.task") as landmarker:
        face = landmarker.find(source)[options.face]
    neutral = next(p for k, (_, p) in enumerate(frames()) if k == track.neutral)
    animate_file.track = track
    mover = MeshMover(source, face, transfer(track, face, options), track, neutral, _segmenter(models))
    animate_file.mover = mover
    for number, (_, picture) in enumerate(frames()):
        yield mover.frame(number, picture)


def _segmenter(models: Path):
    import mediapipe as mp

    vision = mp.tasks.vision
    options = vision.ImageSegmenterOptions(
        base_options=mp.tasks.BaseOptions(model_asset_buffer=(models / "selfie_segmentation.tflite").read_bytes()),
        output_confidence_masks=True)
    segmenter = vision.ImageSegmenter.create_from_options(options)

    def run(picture):
        result = segmenter.segment(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture)))
        mask = result.confidence_masks[-1].numpy_view()
        return np.array(mask, np.float32).reshape(picture.shape[:2])

    return run
