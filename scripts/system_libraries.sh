#!/usr/bin/env bash
# Install what Qt and OpenGL need on Debian and Ubuntu, where it is missing and may be installed; else say what to install.
# usage: system_libraries.sh PYTHON
set -uo pipefail

# what must be there (a library, or a program), and the package that has it
needed="
libGL.so.1 libgl1
libEGL.so.1 libegl1
libOpenGL.so.0 libopengl0
libGLX_mesa.so.0 libglx-mesa0
libglib-2.0.so.0 libglib2.0-0
libfontconfig.so.1 libfontconfig1
libdbus-1.so.3 libdbus-1-3
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libX11-xcb.so.1 libx11-xcb1
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xkb.so.1 libxcb-xkb1
Xvfb xvfb
"

missing=()
libraries=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null)
while read -r name package; do
  [ -n "$name" ] || continue
  case "$name" in
    *.so.*) [[ "$libraries" == *"$name "* ]] || missing+=("$package") ;;
    *) command -v "$name" >/dev/null || missing+=("$package") ;;
  esac
done <<<"$needed"
"$1" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
# Qt draws no text without a font
[ -n "$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" -name '*.[to]tf' -print -quit 2>/dev/null)" ] || missing+=(fonts-dejavu-core)

[ "$(uname -s)" = Linux ] && [ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "The window may need system libraries that were not found; on Debian they are called: ${missing[*]}." >&2
  exit 0
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "System packages are missing; install them first: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi
echo "Installing system packages: ${missing[*]} ..."
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${install[@]}" >"$log" 2>&1 && exit 0
# a machine that has never fetched the list of packages, or has an old one
"${as_root[@]}" apt-get update -qq >>"$log" 2>&1
"${install[@]}" >>"$log" 2>&1 && exit 0
tail -5 "$log" >&2
echo "System packages could not be installed; install them yourself: sudo apt-get install ${missing[*]}" >&2
exit 1
