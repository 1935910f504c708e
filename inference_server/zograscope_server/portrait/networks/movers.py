"""Moves portraits by the trained networks; see `Mover`."""

from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions

from zograscope_server.faces.landmarks import Face
from zograscope_server.portrait.mover import DriverTrack, Mover
from zograscope_server.portrait.networks import motion
from zograscope_server.portrait.networks.crops import Crop, Framing, Paste

if TYPE_CHECKING:
    import torch

    from zograscope_server.portrait.networks.fomm import Fomm
    from zograscope_server.portrait.networks.liveportrait import LivePortrait, RawMotion

SIDE = 256
"""Of the pictures that both networks take."""

FOMM_FRAMING = Framing(scale=2.1, lift=0.1, upright=True)
SOURCE_FRAMING = Framing(scale=2.3, lift=0.125)
DRIVER_FRAMING = Framing(scale=2.2, lift=0.1, upright=True)


class FommMover:
    """Moves a portrait by the first-order motion model."""

    def __init__(
        self,
        network: "Fomm",
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        options: PortraitOptions,
    ) -> None:
        """Look at the source and at the neutral driver, once.

        Args:
            network: folded; it says on which device.
            source: uint8 or uint16 (h, w, 3) RGB.
            face: of the source.
            track: of the driver.
            options: what is taken of the driver, and how much.
        """
        import torch

        self._network, self._relative = network, options.motion == "relative"
        self._strengths = motion.Strengths.of(options)
        crop = Crop.of_face(face.points, FOMM_FRAMING)
        self._driver_crop = Crop.of_clip(track.points, FOMM_FRAMING)
        self._paste = Paste(source, crop)
        self.mask = self._paste.mask
        picture = _tensor(crop.cut(source, SIDE), network.device)
        with torch.inference_mode():
            self._source_motion = network.kp_detector(picture)
            with _mixed_precision(network.device):
                self._encoded = network.generator.encode(picture)
        self._source = _local(self._source_motion)
        self._neutral = self._look(track.neutral_picture)
        self._faces = track.points
        self._neutral_face = self._driver_crop.normalised(track.points[track.neutral])
        self._scale = motion.size_ratio(self._source.points, self._neutral.points)
        self._own_strengths = motion.local_strengths(
            self._neutral.points, self._neutral_face, self._strengths
        )

    def frame(self, number: int, picture: np.ndarray) -> np.ndarray:
        """Return the moved source (see `Mover`)."""
        import torch

        from zograscope_server.portrait.networks.fomm import LocalMotion

        moved = self._transfer(self._look(picture), number)
        device = self._network.device
        points = torch.tensor(moved.points[None], dtype=torch.float32, device=device)
        jacobians = torch.tensor(moved.jacobians[None], dtype=torch.float32, device=device)
        with torch.inference_mode(), _mixed_precision(device):
            made = self._network.generator(
                self._encoded, self._source_motion, LocalMotion(points, jacobians)
            )
        return self._paste(_picture(made))

    def nearer(self) -> np.ndarray:
        """Return zeros (see `Mover`): the network knows no depth."""
        return np.zeros(self.mask.shape, np.float32)

    def _transfer(self, now: motion.Local, number: int) -> motion.Local:
        if not self._relative:
            return motion.transfer_local_absolutely(self._source, now, self._own_strengths)
        face = self._driver_crop.normalised(self._faces[number])
        return motion.transfer_local(
            self._source,
            self._neutral,
            now,
            scale=self._scale,
            strengths=self._own_strengths,
            pose=self._strengths.pose,
            head=motion.head_movement(self._neutral_face, face),
        )

    def _look(self, picture: np.ndarray) -> motion.Local:
        """Return the driver's motion; in full precision, where half of it would tremble."""
        import torch

        seen = _tensor(self._driver_crop.cut(picture, SIDE), self._network.device)
        with torch.inference_mode():
            return _local(self._network.kp_detector(seen))


class LivePortraitMover:
    """Moves a portrait by LivePortrait."""

    def __init__(
        self,
        network: "LivePortrait",
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        options: PortraitOptions,
    ) -> None:
        """Look at the source and at the neutral driver, once; see `FommMover`."""
        import torch

        self._network, self._options = network, options
        self._strengths = motion.Strengths.of(options)
        crop = Crop.of_face(face.points, SOURCE_FRAMING)
        self._driver_crop = Crop.of_clip(track.points, DRIVER_FRAMING)
        self._paste = Paste(source, crop)
        self.mask = self._paste.mask
        picture = _tensor(crop.cut(source, SIDE), network.device)
        with torch.inference_mode(), _mixed_precision(network.device):
            self._source = read_head(network.motion_extractor(picture))
            self._volume = network.appearance_feature_extractor(picture)
            self._summary = network.warping_module.dense_motion_network.summary(self._volume)
        self._placed = self._source.placed()
        self._neutral = self._look(track.neutral_picture)
        self._faces = track.points
        self._openings = motion.Openings.of(face.points)
        self._neutral_openings = motion.Openings.of(track.points[track.neutral])

    def frame(self, number: int, picture: np.ndarray) -> np.ndarray:
        """Return the moved source (see `Mover`)."""
        import torch

        device = self._network.device
        moved = self._transfer(self._look(picture), number)
        driving = torch.tensor(moved[None], dtype=torch.float32, device=device)
        source = torch.tensor(self._placed[None], dtype=torch.float32, device=device)
        with torch.inference_mode(), _mixed_precision(device):
            features = self._network.warping_module(self._volume, self._summary, source, driving)
            made = self._network.spade_generator(features)
        return self._paste(_picture(made))

    def nearer(self) -> np.ndarray:
        """Return zeros (see `Mover`): the network knows no depth."""
        return np.zeros(self.mask.shape, np.float32)

    def _transfer(self, now: motion.Head, number: int) -> np.ndarray:
        """Return where the source's points go, (21, 3)."""
        if self._options.motion == "absolute":
            head = motion.transfer_head_absolutely(self._source, now, self._strengths)
            moved = head.placed()
        else:
            head = motion.transfer_head(self._source, self._neutral, now, self._strengths)
            moved = head.placed() + self._retargeting(motion.Openings.of(self._faces[number]))
        if self._options.stitching:
            moved = motion.stitch(self._ask("retarget_shoulder"), self._placed, moved)
        return moved

    def _retargeting(self, now: motion.Openings) -> np.ndarray:
        """Return offsets (21, 3) beside the driver's motion, by which what closes is closed."""
        rest, own = self._neutral_openings, self._openings
        eyes = motion.missing_opening(own.eyes, rest.eyes, now.eyes)
        lips = motion.missing_opening(np.array(own.lips), np.array(rest.lips), np.array(now.lips))
        eyes *= min(self._strengths.eyes, 1)
        lips *= min(self._strengths.mouth, 1)
        return motion.eye_offsets(
            self._ask("retarget_eye"), self._source, own.eyes, eyes
        ) + motion.lip_offsets(self._ask("retarget_mouth"), self._source, own.lips, float(lips))

    def _ask(self, name: str) -> motion.Retarget:
        import torch

        network = getattr(self._network, name)

        def answer(values: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return network(torch.tensor(values[None], dtype=torch.float32))[0].numpy()

        return answer

    def _look(self, picture: np.ndarray) -> motion.Head:
        import torch

        device = self._network.device
        seen = _tensor(self._driver_crop.cut(picture, SIDE), device)
        with torch.inference_mode(), _mixed_precision(device):
            return read_head(self._network.motion_extractor(seen))


def network_mover(
    network: "Fomm | LivePortrait",
    source: np.ndarray,
    face: Face,
    track: DriverTrack,
    options: PortraitOptions,
) -> Mover:
    """Return the mover of a loaded network; see `FommMover`."""
    from zograscope_server.portrait.networks.fomm import Fomm

    if isinstance(network, Fomm):
        return FommMover(network, source, face, track, options)
    return LivePortraitMover(network, source, face, track, options)


def _mixed_precision(device: "torch.device") -> "torch.autocast":
    """Return half precision on a graphics card, and none elsewhere."""
    import torch

    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def _tensor(picture: np.ndarray, device: "torch.device") -> "torch.Tensor":
    """Return a (h, w, 3) picture as (1, 3, h, w)."""
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous().to(device)


def _picture(made: "torch.Tensor") -> np.ndarray:
    """Return (1, 3, h, w) as a float32 picture (h, w, 3)."""
    return np.ascontiguousarray(made[0].permute(1, 2, 0).float().cpu().numpy())


def _numbers(tensor: "torch.Tensor") -> np.ndarray:
    """Return the first of a batch in double precision."""
    return tensor[0].double().cpu().numpy()


def _local(seen: "tuple[torch.Tensor, torch.Tensor]") -> motion.Local:
    return motion.Local(*map(_numbers, seen))


def read_head(raw: "RawMotion") -> motion.Head:
    """Return what LivePortrait's extractor says of the first of a batch."""
    angles = [
        float(motion.degrees_of_bins(_numbers(bins))) for bins in (raw.pitch, raw.yaw, raw.roll)
    ]
    return motion.Head(
        points=_numbers(raw.points),
        expression=_numbers(raw.expression),
        rotation=motion.rotation_of(*angles),
        scale=float(raw.scale[0, 0]),
        translation=_numbers(raw.translation),
    )
