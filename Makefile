# Every command of the project. `make` lists them; each installs what it needs, once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHONS := python3.11 python3 python
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/installed
CACHES := .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

.PHONY: install
install: $(INSTALLED) ## Install everything into .venv, exactly as requirements.lock says

.PHONY: demo
demo: $(INSTALLED) ## Live one day of the demo club: runs, mails, and what was sent to whom
	@$(PYTHON) -m m2s_orchestration.demo

.PHONY: dev
dev: $(INSTALLED) ## The same, with Dagster's UI, its daemon and the mailbox left running
	@$(PYTHON) -m m2s_orchestration.demo --keep-running

.PHONY: test
test: $(INSTALLED) ## Run the tests; TESTS="path -k word" chooses some
	$(PYTHON) -m pytest -n $(shell nproc 2>/dev/null || echo 2) \
		$(or $(TESTS),--ignore m2s_orchestration_tests/browser)

.PHONY: browser
browser: $(INSTALLED) ## Do in a browser what an officer does; WATCH=1 shows it; pictures go to .browser
	M2S_WATCH=$(WATCH) $(PYTHON) -m pytest m2s_orchestration_tests/browser

.PHONY: check
check: lint types definitions kubernetes browser test ## Everything that CI runs

.PHONY: faults
faults: $(INSTALLED) ## Do everything to the mail that can happen to it; FAULTS=--short takes CI's share
	@$(PYTHON) -m m2s_orchestration_tests.faults $(FAULTS)

.PHONY: bench
bench: $(INSTALLED) ## Measure speed and scale and write docs/speed.md; BENCH=name measures one part, BENCH=--large more
	@$(PYTHON) -m benchmarks $(BENCH)

.PHONY: docs
docs: $(INSTALLED) ## Write docs/notifications.md anew from the declarations
	@$(PYTHON) -m m2s_orchestration_tests.catalogue

.PHONY: lint
lint: $(INSTALLED) ## Look for faults of style, format, and imports that point up
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(VENV)/bin/lint-imports

.PHONY: types
types: $(INSTALLED) ## Check the types
	$(PYTHON) -m mypy

.PHONY: definitions
definitions: $(INSTALLED) ## Let Dagster load every job and schedule, as it will in production
	env -u DAGSTER_HOME $(PYTHON) -W 'ignore:Function `definitions_validate_command`' \
		-m dagster definitions validate --workspace workspace.yaml

.PHONY: kubernetes
kubernetes: $(INSTALLED) ## Check the deployment without a cluster; CHART=path renders Dagster's chart as well
	$(PYTHON) -m m2s_orchestration_tests.kubernetes $(if $(CHART),--chart $(CHART))

.PHONY: image
image: $(INSTALLED) ## Build the image without Docker and start all its parts: minutes, root and podman
	$(PYTHON) -m m2s_orchestration_tests.kubernetes.image

.PHONY: format
format: $(INSTALLED) ## Format the code and mend what can be mended by itself
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

.PHONY: acceptance
acceptance: $(INSTALLED) ## Compare with what the system before did for known clubs, if they are here
	$(PYTHON) -m m2s_orchestration_tests.acceptance.known_clubs

.PHONY: lock
lock: $(INSTALLED) ## Write requirements.lock anew from pyproject.toml; UPGRADE=--upgrade takes newer releases
	$(VENV)/bin/uv pip compile pyproject.toml --output-file requirements.lock $(UPGRADE) \
		--quiet --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --custom-compile-command 'make lock'
	$(VENV)/bin/uv pip compile pyproject.toml --output-file requirements-image.lock \
		--quiet --constraints requirements.lock --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-annotate --custom-compile-command 'make lock'

.PHONY: clean
clean: ## Remove everything that can be made again, the demo's club and mails too
	rm -rf $(VENV) $(CACHES) .demo .m2s .kubernetes .debian

# Made anew whenever the lock changes, so that nothing is there that the lock does not name.
# uv installs in 6 s what takes pip 50 s; pip fetches it by its hash in the same lock, and does the
# whole work where uv cannot (uv does not read pip's settings, such as those of a mirror).
$(INSTALLED): requirements.lock pyproject.toml
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
			found="$$python"; break; \
		fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "make: Python 3.11 is needed, and none of $(PYTHONS) on the PATH is one: install it." >&2; \
		exit 1; \
	fi; \
	echo "Installing into $(VENV) (once; about half a minute) ..."; \
	rm -rf $(VENV); \
	"$$found" -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@$(VENV)/bin/uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements.lock 2>$(VENV)/uv.log || \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
