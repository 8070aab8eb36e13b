#!/usr/bin/env bash
# Run a command on screens of its own (Xvfb with Mesa's software OpenGL), so that windows work where there are none.
# usage: with_screen.sh COMMAND...        SCREEN=1280x800 sets another size; SCREENS=2 starts two, so that test processes
#                                         side by side do not take the keyboard from each other (DISPLAYS names them all)
set -uo pipefail

command -v Xvfb >/dev/null || { echo "Xvfb is missing: sudo apt-get install xvfb" >&2; exit 1; }

scratch=$(mktemp -d)
servers=()
displays=()
trap 'kill "${servers[@]}" 2>/dev/null; wait "${servers[@]}" 2>/dev/null; rm -rf "$scratch"' EXIT
for screen in $(seq "${SCREENS:-1}"); do
  mkfifo "$scratch/number$screen"
  # -displayfd: the server takes the next free number and tells it once it accepts clients, so nothing is guessed
  Xvfb -displayfd 3 -screen 0 "${SCREEN:-1440x900}x24" -nolisten tcp +extension GLX \
    3>"$scratch/number$screen" 2>"$scratch/log$screen" &
  servers+=("$!")
  if ! read -r -t 30 number <>"$scratch/number$screen"; then
    echo "The screen for the windows (Xvfb) did not start:" >&2
    tail -5 "$scratch/log$screen" >&2
    exit 1
  fi
  displays+=(":$number")
done

unset WAYLAND_DISPLAY
export DISPLAY="${displays[0]}" DISPLAYS="${displays[*]}"
export QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 XDG_SESSION_TYPE=x11
"$@"
