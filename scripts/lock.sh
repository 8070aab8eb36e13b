#!/usr/bin/env bash
# Write constraints.txt anew: every package that `.[dev]` installs, with all that these need, at one version each.
# usage: lock.sh             keeps the versions that constraints.txt has, as far as pyproject.toml still allows them
#        lock.sh --upgrade   takes the newest of all; a list of NAME==VERSION may follow as --upgrade-package NAME==VERSION
# pip-tools comes into an environment of its own, which is thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/tools"
"$scratch/tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools
cp constraints.txt "$scratch/lock.txt"
"$scratch/tools/bin/pip-compile" --quiet --no-header --no-annotate --strip-extras --allow-unsafe \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
  --extra dev --output-file "$scratch/lock.txt" "$@" pyproject.toml

# Without this project itself, and without the mark of a CPU build, which not every index has.
{
  echo "# All that development and the automatic checks install, made by scripts/lock.sh."
  echo "# Users need only what pyproject.toml says."
  grep -E '^[A-Za-z0-9_.-]+==' "$scratch/lock.txt" | sed -E 's/\+cpu//'
} >"$scratch/constraints.txt"
cp "$scratch/constraints.txt" constraints.txt
