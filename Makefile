# The commands of this repository. `make` alone explains them.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
COMPILE := $(or $(UV),uv) pip compile --quiet --upgrade --universal --generate-hashes \
	--no-emit-index-url --python-version 3.11 --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help install demo serve test soak check format bench lock clean

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## Install palaver into .venv, from the lock; `.venv/bin/palaver serve` works then.

demo: install ## Talk to an agent in three conversations at once. EXIT=1 ends by itself.
	$(BIN)/python examples/demo.py $(if $(filter 1,$(EXIT)),--exit)

serve: install ## Run the server on http://127.0.0.1:8283.
	$(BIN)/palaver serve

test: .venv/installed-dev tests/clients/node_modules/.package-lock.json ## Run all tests. ARGS="-k fork" runs some.
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

soak: .venv/installed-dev .venv/installed-clients ## What takes long: 200 kills, 100 streams, Letta Code, 200 odd requests an operation.
	$(BIN)/python -m pytest -m soak --timeout 1800 $(ARGS)
	PALAVER_CASES=200 $(BIN)/python -m pytest -n 2 tests/api/test_schemathesis.py

check: .venv/installed-dev ## Check form, types and the arrows between the rooms.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev ## Put the code into its form.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev ## Measure, beside a proxy and a bare app, and on three processes. ARGS="--quick" is shorter.
	$(BIN)/python -m bench.run $(ARGS)
	$(BIN)/python -m bench.hosts $(filter --quick,$(ARGS))
	$(BIN)/python -m bench.first_sends
	$(BIN)/python -m bench.tools $(filter --quick,$(ARGS))

lock: ## Choose the newest allowed dependencies and write the lock files (needs uv).
	$(COMPILE) pyproject.toml --group build --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra google --extra bedrock --extra mcp --extra vectors --group build --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(COMPILE) --group node --output-file requirements-node.lock
	$(COMPILE) --group clients --output-file requirements-clients.lock

clean: ## Remove what was installed here.
	rm -rf .venv tests/clients/node_modules

# The stamps: written when a step is done, so that the next time it is not done again.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "palaver needs Python 3.11 or newer."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.venv/installed-clients: requirements-clients.lock .venv/installed-dev
	$(PIP) install --require-hashes -r requirements-clients.lock
	@touch $@

tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json | .venv/installed-dev
	$(BIN)/python tests/clients/node.py || $(PIP) install --require-hashes -r requirements-node.lock
	$(BIN)/python tests/clients/node.py ci --no-audit --no-fund --loglevel=error
	@touch $@
