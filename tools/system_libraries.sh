#!/usr/bin/env bash
# Blender needs OpenGL through EGL for Workbench and EEVEE; Cycles does without. The server finds
# faces with a library that loads libEGL and libGLESv2, and its OpenCV loads libGL.
# Installs Debian's packages where it may, and otherwise says what is missing.
set -euo pipefail

packages=(libegl1 libgl1 libgles2 libgl1-mesa-dri libxkbcommon0 libsm6 libice6 libxi6 libxrender1 libxxf86vm1 libxfixes3)

if ! command -v dpkg-query >/dev/null; then exit 0; fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q "ok installed" \
        || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

if [ "$(id -u)" -eq 0 ]; then
    apt-get update --quiet --quiet
    apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" >/dev/null
else
    echo "Workbench, EEVEE and the finding of faces need: sudo apt-get install ${missing[*]}" >&2
fi
