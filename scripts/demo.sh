#!/usr/bin/env bash
# The demo: in a window where there is a screen, else by itself on a screen that nobody sees, writing demo-output/.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" = Darwin ]; then
  exec .venv/bin/napari-unet demo "$@"
fi
SCREEN=${SCREEN:-1600x1000} exec scripts/with_screen.sh .venv/bin/napari-unet demo --unattended --output demo-output "$@"
