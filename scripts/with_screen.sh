#!/usr/bin/env bash
# Run a command on a screen of its own (Xvfb with Mesa's software OpenGL), so that windows work where there is none.
# usage: with_screen.sh COMMAND...        SCREEN=1280x800 sets another size
set -uo pipefail

command -v Xvfb >/dev/null || { echo "Xvfb is missing: sudo apt-get install xvfb" >&2; exit 1; }

scratch=$(mktemp -d)
mkfifo "$scratch/number"
# -displayfd: the server takes the next free number and tells it once it accepts clients, so nothing is guessed
Xvfb -displayfd 3 -screen 0 "${SCREEN:-1440x900}x24" -nolisten tcp +extension GLX 3>"$scratch/number" 2>"$scratch/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$scratch"' EXIT
if ! read -r -t 30 number <>"$scratch/number"; then
  echo "The screen for the windows (Xvfb) did not start:" >&2
  tail -5 "$scratch/log" >&2
  exit 1
fi

unset WAYLAND_DISPLAY
export DISPLAY=":$number" QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 XDG_SESSION_TYPE=x11
"$@"
