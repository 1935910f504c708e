"""Builds the extension: two variants for each platform, and a repository index.

    python tools/build_extension.py --output dist [--platform current]
    python tools/build_extension.py --if-changed

Blender 4.5 has Python 3.11 and Blender 5.1 and later have 3.13, and no one set of pyzmq wheels
installs on both; so there are two variants of each zip. Needs a Python with pip and bpy (whose
extension tool does the packing), such as `.venv-blender-5.2`.

Each zip brings what Install Server needs: uv as a wheel that Blender unpacks, and beside the locked
lists of `blender_addon/server_setup` the wheels that no registry has, the server's among them.

With `--if-changed`, for tests and benchmarks, the zips for this platform lie in a folder of `build`
that is named after the sources' content, which is printed; what is there already is not built anew.
"""

import argparse
import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON = REPOSITORY / "blender_addon"
PAGE = REPOSITORY / "docs" / "likeness.md"  # to which a panel leads
PROTOCOL = REPOSITORY / "protocol"
SERVER = REPOSITORY / "inference_server"
NOT_SOURCES = ("__pycache__", "build", "wheels", "*.egg-info")
PYZMQ = "pyzmq==27.3.0"
UV = "uv==0.13.9"
PYVIPS = "pyvips==3.2.0"  # which has no wheel
ANY_SYSTEM = "-none-any.whl"

# Blender's name of a platform -> the wheel tags that pip may take for it.
PLATFORMS = {
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64"],
    "windows-x64": ["win_amd64"],
    "macos-x64": ["macosx_10_15_universal2", "macosx_10_15_x86_64", "macosx_10_12_x86_64"],
    "macos-arm64": ["macosx_10_15_universal2", "macosx_11_0_arm64"],
}
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}


@dataclass(frozen=True)
class Variant:
    """Zips for a range of Blender versions, all with the same Python ABI."""

    name: str
    blender_min: str
    blender_max: str | None
    python: str
    abi: str

    def manifest_lines(self, target: str, wheels: list[Path]) -> str:
        """Return the lines of the manifest that only this variant on this platform has."""
        lines = [f'blender_version_min = "{self.blender_min}"']
        if self.blender_max:
            lines.append(f'blender_version_max = "{self.blender_max}"')
        lines.append(f'platforms = ["{target}"]')
        names = ", ".join(f'"./wheels/{wheel.name}"' for wheel in wheels)
        lines.append(f"wheels = [{names}]")
        return "\n".join(lines)


VARIANTS = (
    Variant("blender-4.5", "4.5.0", "5.1.0", "3.11", "cp311"),
    Variant("blender-5.1", "5.1.0", None, "3.12", "abi3"),
)


def main() -> int:
    """Build what was asked for and say what was made."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist")
    parser.add_argument("--platform", choices=("all", "current", *PLATFORMS), default="all")
    parser.add_argument("--if-changed", action="store_true", help="see above")
    arguments = parser.parse_args()
    if arguments.if_changed:
        print(build_if_changed())
        return 0
    targets = {"all": [*PLATFORMS], "current": [current_platform()]}
    platforms = targets.get(arguments.platform, [arguments.platform])
    print(*build_repository(platforms, arguments.output.resolve()), sep="\n")
    return 0


def build_repository(platforms: list[str], output: Path) -> list[Path]:
    """Build both variants for each platform, and the index of them; return the zips' paths."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("zograscope-*.zip"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        own = build_own_wheels(Path(folder))
        zips = []
        for target in platforms:
            uv = download(UV, target, Path(folder) / target)
            zips += [build(variant, target, output, own | {"uv": uv}) for variant in VARIANTS]
    run_extension_tool("server-generate", "--repo-dir", str(output), "--html")
    return zips


def build_own_wheels(folder: Path) -> dict[str, Path]:
    """Build the wheels that no registry has; return each by its package's name."""
    copies = [folder / house.name for house in (PROTOCOL, SERVER)]
    for house, copy in zip((PROTOCOL, SERVER), copies, strict=True):
        # setuptools leaves build folders behind, which a copy keeps out of the repository.
        shutil.copytree(house, copy, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    run_pip("wheel", "--no-deps", "--wheel-dir", str(folder), *map(str, copies), PYVIPS)
    wheels = {path.name.split("-")[0]: path for path in folder.glob("*.whl")}
    if bound := [path.name for path in wheels.values() if not path.name.endswith(ANY_SYSTEM)]:
        sys.exit(f"{bound} would only serve this system: build where libvips is not installed")
    return wheels


def build_if_changed() -> Path:
    """Return a folder with the zips for this platform, built where a source has changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + PAGE.read_bytes())
    for source in (ADDON, PROTOCOL, SERVER):
        for path in sorted(source.rglob("*")):
            name = path.relative_to(REPOSITORY)
            ignored = [fnmatch(part, pattern) for part in name.parts for pattern in NOT_SOURCES]
            if path.is_file() and not any(ignored):
                digest.update(str(name).encode() + path.read_bytes())
    folder = REPOSITORY / "build" / f"extension-{digest.hexdigest()[:16]}"
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent))
        build_repository([current_platform()], scratch)
        # Another process may have been quicker, with the same result.
        if folder.is_dir():
            shutil.rmtree(scratch)
        else:
            scratch.rename(folder)
    return folder


def current_platform() -> str:
    """Return Blender's name of this computer's platform."""
    return f"{SYSTEMS[platform.system()]}-{MACHINES[platform.machine().lower()]}"


def build(variant: Variant, target: str, output: Path, own: dict[str, Path]) -> Path:
    """Build and validate one zip; return its path.

    Args:
        variant: for a range of Blenders.
        target: Blender's name of the platform.
        output: folder of the zip.
        own: wheels that are the same for all variants, by their packages' names.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "zograscope"
        ignored = shutil.ignore_patterns(*NOT_SOURCES)
        shutil.copytree(ADDON, source, ignore=ignored)
        shutil.copy(PAGE, source)
        python = ("--implementation", "cp", "--python-version", variant.python, "--abi")
        download(PYZMQ, target, source / "wheels", *python, variant.abi)
        for name in ("zograscope_protocol", "uv"):
            shutil.copy(own[name], source / "wheels")
        wheels = sorted((source / "wheels").glob("*.whl"))
        (source / "server_setup" / "wheels").mkdir()
        for name in ("zograscope_server", "pyvips"):
            shutil.copy(own[name], source / "server_setup" / "wheels")
        manifest = source / "blender_manifest.toml"
        first, second = manifest.read_text("utf-8").split("\n[permissions]")
        manifest.write_text(
            f"{first}\n{variant.manifest_lines(target, wheels)}\n\n[permissions]{second}", "utf-8"
        )
        version = tomllib.loads(manifest.read_text("utf-8"))["version"]
        path = output / f"zograscope-{version}-{variant.name}-{target}.zip"
        run_extension_tool("validate", str(source))
        run_extension_tool("build", "--source-dir", str(source), "--output-filepath", str(path))
        run_extension_tool("validate", str(path))
    return path


def download(requirement: str, target: str, folder: Path, *python: str) -> Path:
    """Fetch the registry's wheel for a platform into a folder; return its path."""
    tags = [option for tag in PLATFORMS[target] for option in ("--platform", tag)]
    exactly = ("--no-deps", "--only-binary=:all:", *tags, *python)
    run_pip("download", *exactly, "--dest", str(folder), requirement)
    (wheel,) = folder.glob(f"{requirement.split('==', maxsplit=1)[0]}-*.whl")
    return wheel


def run_pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments, "--quiet"], check=True)


def run_extension_tool(*arguments: str) -> None:
    """Run the extension tool that comes with Blender."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        sys.exit("build_extension.py needs a Python with bpy, such as .venv-blender-5.2")
    (tool,) = Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")
    result = subprocess.run(
        [sys.executable, str(tool), *arguments], capture_output=True, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"{' '.join(arguments)}\n{result.stdout}{result.stderr}")


if __name__ == "__main__":
    sys.exit(main())
