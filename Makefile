# Two commands: `make dev` starts the whole service on this machine, `make test` runs every test. Nothing is needed before.
PYTHON ?= python3
VENV ?= .venv
# make dev
PORT ?= 8000
DEMO ?= 1
DYNAMODB_ENDPOINT ?=
# make test
ARGS ?=

RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/installed
# On one machine all clients share one address, so each may hold every slot.
DEV_OPTIONS := --port $(PORT) --parameter-overrides ClientConnections=100
ifneq ($(DEMO),0)
DEV_OPTIONS += --demo
endif
ifneq ($(strip $(DYNAMODB_ENDPOINT)),)
DEV_OPTIONS += --dynamodb-endpoint $(DYNAMODB_ENDPOINT)
endif

.PHONY: dev test check lock clean
.DEFAULT_GOAL := test

dev: $(INSTALLED)
	@exec $(RUN) -m local_lambda $(DEV_OPTIONS)

test: $(INSTALLED)
	@$(RUN) -m pytest --cov --cov-report=term --cov-fail-under=95 $(ARGS)

check: $(INSTALLED)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

# Pins what pyproject.toml names, with hashes. Needs uv.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o layers/dependencies/requirements.txt
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.txt

clean:
	rm -rf $(VENV) .aws-sam .pytest_cache .hypothesis .coverage

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "installing into $(VENV) (once)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
