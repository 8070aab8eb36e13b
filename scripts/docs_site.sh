#!/usr/bin/env bash
# Make the documentation as a site in site/, to be read from the disk as well: open site/index.html
# usage: scripts/docs_site.sh
set -euo pipefail
cd "$(dirname "$0")/.."
NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict --quiet
echo "site/index.html"
