#!/usr/bin/env bash
# Make .venv and install the project with its window and its tests into it.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "$*" >&2; exit 1; }

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$name"; return; fi
  done
  fail "Python 3.11 or newer is needed: install it, or name it with 'make PYTHON=/path/to/python3 ...'."
}

# A Debian without python3-venv can make an environment but not put pip into it: then this Python's own pip does.
make_environment() {
  "$1" -m venv --clear .venv >/dev/null 2>&1 && return
  "$1" -m venv --clear --without-pip .venv >/dev/null 2>&1 \
    && "$1" -m pip --python .venv/bin/python install --quiet pip && return
  fail "No virtual environment could be made: install python3-venv (sudo apt-get install python3-venv) and try again."
}

python=$(find_python)
scripts/system_libraries.sh "$python"
.venv/bin/python -m pip --version >/dev/null 2>&1 || make_environment "$python"
echo "Installing into .venv (the first time this takes some minutes) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
