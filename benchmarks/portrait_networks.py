"""How many frames a second do the networks move, and how many would they without our care?

Both networks, with weights that nobody trained (which take the same time), move a drawn portrait by
a drawn clip: from the driver's frame to the whole picture with the moved face in it. The plain
reading, in the same run, is the networks as their papers have them, in single precision: norms are
not folded, the source is looked at anew for each frame. Each figure is the median of its frames;
the two ways take turns. Also told: how far their pictures differ, in levels of 255.

    python benchmarks/portrait_networks.py [--output OUT.json] [--device cuda]
        [--networks fomm liveportrait] [--frames N]

LivePortrait takes about 20 seconds for a frame on one core, so toy size leaves it out.
"""

import copy
import statistics
import time
from typing import Any

import numpy as np
import torch
from benchmark import argument_parser, write_figures
from drawn_picture import draw_picture
from zograscope_protocol.portrait.tasks import REGIONS, PortraitOptions
from zograscope_server.faces.landmarks import POINTS, Face
from zograscope_server.models.loading import best_device
from zograscope_server.portrait.networks import motion, movers
from zograscope_server.portrait.networks.crops import Crop, Paste
from zograscope_server.portrait.networks.fomm import Fomm, LocalMotion
from zograscope_server.portrait.networks.liveportrait import LivePortrait
from zograscope_server.portrait.track import DriverTrack

SOURCE_SIZE, DRIVER_SIZE = (1280, 960), (640, 480)
FRAMES = {"cpu": 3, "cuda": 100, "mps": 10}
OPTIONS = PortraitOptions(regions=REGIONS)


def drawn_points(width: int, height: int, turn: float = 0.0) -> np.ndarray:
    """(478, 3) places about the middle: a crop only asks where they reach."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (POINTS, 3)).astype(np.float32)
    points[[33, 133, 159, 145], :2] = [[-0.3, -0.3], [-0.1, -0.3], [-0.2, -0.32], [-0.2, -0.28]]
    points[[263, 362, 386, 374], :2] = [[0.3, -0.3], [0.1, -0.3], [0.2, -0.32], [0.2, -0.28]]
    points[[61, 291], :2] = [[-0.2, 0.2], [0.2, 0.2]]
    points = points * height / 3 + np.array([width / 2 + turn, height / 2, 0], np.float32)
    return points.astype(np.float32)


def drawn_clip(frames: int) -> tuple[list[np.ndarray], DriverTrack]:
    picture = draw_picture(*DRIVER_SIZE)[0]
    pictures = [np.roll(picture, 3 * number, axis=1) for number in range(frames)]
    points = np.stack([drawn_points(*DRIVER_SIZE, turn=3.0 * number) for number in range(frames)])
    track = DriverTrack(
        times=np.arange(frames) / 25.0,
        points=points,
        expressions=np.zeros((frames, 52), np.float32),
        poses=np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1)),
        heads=np.tile(np.eye(3, 4), (frames, 1, 1)),
        found=np.ones(frames, bool),
        size=DRIVER_SIZE,
        neutral=0,
    )
    return pictures, track


class PlainFomm:
    """The first-order motion model without care."""

    def __init__(
        self, network: Fomm, source: np.ndarray, face: Face, track: DriverTrack, rest: np.ndarray
    ) -> None:
        self.network, self.source, self.face, self.track = network, source, face, track
        self.rest = rest

    @torch.inference_mode()
    def frame(self, number: int, picture: np.ndarray) -> np.ndarray:
        network, track = self.network, self.track
        crop = Crop.of_face(self.face.points, movers.FOMM_FRAMING)
        of_driver = Crop.of_clip(track.points, movers.FOMM_FRAMING)
        source = tensor(crop.cut(self.source, 256), network.device)
        rest = tensor(of_driver.cut(self.rest, 256), network.device)
        seen = [
            network.kp_detector(each)
            for each in (source, rest, tensor(of_driver.cut(picture, 256), network.device))
        ]
        ours, neutral, now = (
            motion.Local(*(values[0].double().cpu().numpy() for values in each)) for each in seen
        )
        scale = motion.size_ratio(ours.points, neutral.points)
        moved = motion.transfer_local(ours, neutral, now, scale=scale)
        driving = LocalMotion(
            *(
                torch.tensor(values[None], dtype=torch.float32, device=network.device)
                for values in (moved.points, moved.jacobians)
            )
        )
        made = network.generator(network.generator.encode(source), seen[0], driving)
        return Paste(self.source, crop)(made[0].permute(1, 2, 0).cpu().numpy())


class PlainLivePortrait:
    """LivePortrait without care: all that a mover keeps is made anew, in single precision."""

    def __init__(
        self,
        network: LivePortrait,
        source: np.ndarray,
        face: Face,
        track: DriverTrack,
        rest: np.ndarray,
    ) -> None:
        self.given = (network, source, face, track, rest, OPTIONS)

    def frame(self, number: int, picture: np.ndarray) -> np.ndarray:
        full = movers.precision
        movers.precision = lambda device: torch.autocast(device.type, enabled=False)
        try:
            return movers.LivePortraitMover(*self.given).frame(number, picture)
        finally:
            movers.precision = full


def tensor(picture: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].to(device)


KINDS: dict[str, tuple[Any, Any]] = {
    "fomm": (Fomm, PlainFomm),
    "liveportrait": (LivePortrait, PlainLivePortrait),
}


def measure(name: str, device: str, frames: int) -> dict[str, float]:
    """Return the figures of one network."""
    kind, plain_kind = KINDS[name]
    torch.manual_seed(0)
    plain_network = kind().eval().requires_grad_(False)
    network = copy.deepcopy(plain_network)
    network.fold()
    plain_network.place(device)
    network.place(device)
    source = draw_picture(*SOURCE_SIZE)[0]
    face = Face(drawn_points(*SOURCE_SIZE), np.zeros(52, np.float32), np.eye(4, dtype=np.float32))
    pictures, track = drawn_clip(frames + 1)
    ways = {
        "plain": plain_kind(plain_network, source, face, track, pictures[0]),
        "ours": movers.network_mover(network, source, face, track, pictures[0], OPTIONS),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    difference = 0.0
    for number, picture in enumerate(pictures):
        made = {}
        for way, mover in ways.items():
            start = time.perf_counter()
            made[way] = mover.frame(number, picture)
            seconds[way].append(time.perf_counter() - start)
        difference = max(difference, float(np.abs(made["plain"].astype(int) - made["ours"]).max()))
    # The first frame also waits for what is prepared once.
    rates = {way: 1 / statistics.median(times[1:]) for way, times in seconds.items()}
    return {
        "frames_per_second": rates["ours"],
        "plain_frames_per_second": rates["plain"],
        "times_faster": rates["ours"] / rates["plain"],
        "largest_difference": difference,
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--device", help="of torch; the fastest by default")
    parser.add_argument("--networks", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--frames", type=int, help="to measure")
    arguments = parser.parse_args()
    device = arguments.device or best_device()
    names = ["fomm"] if arguments.toy else arguments.networks
    frames = 1 if arguments.toy else arguments.frames or FRAMES[torch.device(device).type]
    figures: dict[str, Any] = {}
    for name in names:
        figures[name] = measure(name, device, frames)
        told = ", ".join(f"{what} {value:.3g}" for what, value in figures[name].items())
        print(f"{name} on {device}: {told}")
    write_figures({"device": device, **figures}, arguments.output)


if __name__ == "__main__":
    main()
