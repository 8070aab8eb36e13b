# make demo: install, then open the window on the sample (without a screen: run the whole loop by itself).
# make test: install, then every check and every test.
# Both are safe to repeat; the second time they install nothing.

SHELL := /bin/bash
READY := .venv/.ready

.PHONY: demo test check screenshots setup clean

demo: $(READY)
	scripts/demo.sh

test: check
	SCREENS=2 scripts/with_screen.sh .venv/bin/python -m pytest -n 2 --dist loadfile

check: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy
	PATH=.venv/bin:$$PATH scripts/docs_site.sh

# the pictures in docs/images, of the real window
screenshots: $(READY)
	SCREEN=1280x800 scripts/with_screen.sh .venv/bin/python scripts/screenshots.py

setup: $(READY)

# What was installed is known by these files: change one, and the next `make` installs again.
$(READY): pyproject.toml constraints.txt scripts/setup.sh scripts/system_libraries.sh
	scripts/setup.sh
	touch $(READY)

clean:
	rm -rf .venv demo-output build dist .mypy_cache .pytest_cache .ruff_cache
