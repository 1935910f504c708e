"""Moves portraits by the trained networks; see `Mover`."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions

from zograscope_server.faces.landmarks import Face
from zograscope_server.portrait.mover import Mover
from zograscope_server.portrait.networks import motion
from zograscope_server.portrait.networks.crops import Crop, Framing, Paste
from zograscope_server.portrait.track import DriverTrack

if TYPE_CHECKING:
    import torch

    from zograscope_server.portrait.networks.fomm import Fomm
    from zograscope_server.portrait.networks.liveportrait import LivePortrait, RawMotion

SIDE = 256
"""Of the pictures that both networks take."""

FOMM_FRAMING = Framing(scale=2.1, lift=0.1, upright=True)
SOURCE_FRAMING = Framing(scale=2.3, lift=0.125)
DRIVER_FRAMING = Framing(scale=2.2, lift=0.1, upright=True)


class _NetworkMover(ABC):
    """What both networks have: a crop of the source in which they move, and one of the driver."""

    def __init__(
        self,
        device: "torch.device",
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        options: PortraitOptions,
        framings: tuple[Framing, Framing],
    ) -> None:
        """Cut the source; `framings` are those of the source and of the driver."""
        self._device, self._faces, self._options = device, track.points, options
        self._strengths = motion.Strengths.of(options)
        crop = Crop.of_face(face.points, framings[0])
        self._driver_crop = Crop.of_clip(track.points, framings[1])
        self._picture = _tensor(crop.cut(source, SIDE), device)
        self._paste = Paste(source, crop)
        self.mask = self._paste.mask

    def frame(self, number: int, picture: np.ndarray | None) -> np.ndarray:
        """Return the moved source (see `Mover`). Raises ValueError without a driver's picture."""
        if picture is None:
            raise ValueError("a network needs the driver's frame")
        seen = _tensor(self._driver_crop.cut(picture, SIDE), self._device)
        return self._paste(_picture(self._make(number, seen)))

    def nearer(self) -> np.ndarray:
        """Return zeros (see `Mover`): the networks move pictures, and know of no depth."""
        return np.zeros(self.mask.shape, np.float32)

    @abstractmethod
    def _make(self, number: int, driver: "torch.Tensor") -> "torch.Tensor":
        """Return the moved crop (1, 3, h, w) for a frame's number and its crop (1, 3, h, w)."""


class FommMover(_NetworkMover):
    """Moves a portrait by the first-order motion model."""

    def __init__(
        self,
        network: "Fomm",
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        neutral: np.ndarray,
        options: PortraitOptions,
    ) -> None:
        """Look at the source and at the neutral driver, once.

        Args:
            network: folded; it says on which device.
            source: uint8 or uint16 (h, w, 3) RGB.
            face: of the source.
            track: of the driver.
            neutral: the driver's neutral frame, uint8 (height, width, 3) RGB.
            options: what is taken of the driver, and how much.
        """
        import torch

        framings = (FOMM_FRAMING, FOMM_FRAMING)
        super().__init__(network.device, source, face, track, options, framings)
        self._network, self._relative = network, options.motion == "relative"
        with torch.inference_mode():
            self._source_motion = network.kp_detector(self._picture)
            with precision(network.device):
                self._encoded = network.generator.encode(self._picture)
        self._source = _local(self._source_motion)
        self._neutral = self._look(_tensor(self._driver_crop.cut(neutral, SIDE), network.device))
        self._neutral_face = self._driver_crop.normalised(track.points[track.neutral])
        self._scale = motion.size_ratio(self._source.points, self._neutral.points)
        self._own_strengths = motion.local_strengths(
            self._neutral.points, self._neutral_face, self._strengths
        )

    def _make(self, number: int, driver: "torch.Tensor") -> "torch.Tensor":
        import torch

        from zograscope_server.portrait.networks.fomm import LocalMotion

        moved = self._transfer(self._look(driver), number)
        points = torch.tensor(moved.points[None], dtype=torch.float32, device=self._device)
        jacobians = torch.tensor(moved.jacobians[None], dtype=torch.float32, device=self._device)
        with torch.inference_mode(), precision(self._device):
            return self._network.generator(
                self._encoded, self._source_motion, LocalMotion(points, jacobians)
            )

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

    def _look(self, driver: "torch.Tensor") -> motion.Local:
        """Return the driver's motion; in full precision, where half of it would tremble."""
        import torch

        with torch.inference_mode():
            return _local(self._network.kp_detector(driver))


class LivePortraitMover(_NetworkMover):
    """Moves a portrait by LivePortrait."""

    def __init__(
        self,
        network: "LivePortrait",
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        neutral: np.ndarray,
        options: PortraitOptions,
    ) -> None:
        """Look at the source and at the neutral driver, once; see `FommMover`."""
        import torch

        framings = (SOURCE_FRAMING, DRIVER_FRAMING)
        super().__init__(network.device, source, face, track, options, framings)
        self._network = network
        with torch.inference_mode(), precision(network.device):
            self._source = read_head(network.motion_extractor(self._picture))
            self._volume = network.appearance_feature_extractor(self._picture)
            self._summary = network.warping_module.dense_motion_network.summary(self._volume)
        self._placed = self._source.placed()
        self._neutral = self._look(_tensor(self._driver_crop.cut(neutral, SIDE), network.device))
        self._openings = motion.Openings.of(face.points)
        self._neutral_openings = motion.Openings.of(track.points[track.neutral])

    def _make(self, number: int, driver: "torch.Tensor") -> "torch.Tensor":
        import torch

        moved = self._transfer(self._look(driver), number)
        driving = torch.tensor(moved[None], dtype=torch.float32, device=self._device)
        source = torch.tensor(self._placed[None], dtype=torch.float32, device=self._device)
        with torch.inference_mode(), precision(self._device):
            features = self._network.warping_module(self._volume, self._summary, source, driving)
            return self._network.spade_generator(features)

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

    def _look(self, driver: "torch.Tensor") -> motion.Head:
        import torch

        with torch.inference_mode(), precision(self._device):
            return read_head(self._network.motion_extractor(driver))


def network_mover(
    network: "Fomm | LivePortrait",
    source: np.ndarray,
    face: Face,
    track: DriverTrack,
    neutral: np.ndarray,
    options: PortraitOptions,
) -> Mover:
    """Return the mover of a loaded network; see `FommMover`."""
    from zograscope_server.portrait.networks.fomm import Fomm

    if isinstance(network, Fomm):
        return FommMover(network, source, face, track, neutral, options)
    return LivePortraitMover(network, source, face, track, neutral, options)


def precision(device: "torch.device") -> "torch.autocast":
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
