# Two commands: `make dev` starts the whole service on this machine, `make test` runs every test. Nothing is needed before.
# With BUILT=1 both take what `make build` makes for Lambda, which needs the SAM CLI and Lambda's Python.
BUILT ?=
ifneq ($(strip $(BUILT))$(filter build sam-local,$(MAKECMDGOALS)),)
PYTHON ?= python3.13
VENV ?= .venv-3.13
endif
PYTHON ?= python3
VENV ?= .venv
# make dev
PORT ?= 8000
DEMO ?= 1
DYNAMODB_ENDPOINT ?=
# make test; with ARGS just what they say is run
ARGS ?=
# a pytest marker expression: what of the whole suite
ONLY ?= timed or not timed
# with COVERAGE=1 slower, and with a report of the lines that no test runs
COVERAGE ?=
# make build, make sam-local
SAM ?= $(or $(SAM_CLI),sam)
SAM_PORT ?= 3000
SAM_ARGS ?=

RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/installed
BUILT_TEMPLATE := .aws-sam/build/template.yaml
# On one machine all clients share one address, so each may hold every slot.
DEV_OPTIONS := --port $(PORT) --parameter-overrides ClientConnections=100
ifneq ($(strip $(BUILT)),)
DEV_OPTIONS += Architecture=$(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64) --template $(BUILT_TEMPLATE) --isolated
endif
ifneq ($(DEMO),0)
DEV_OPTIONS += --demo
endif
ifneq ($(strip $(DYNAMODB_ENDPOINT)),)
DEV_OPTIONS += --dynamodb-endpoint $(DYNAMODB_ENDPOINT)
endif

.PHONY: dev test check build sam-local lock clean
.DEFAULT_GOAL := test

dev: $(INSTALLED) $(if $(strip $(BUILT)),$(BUILT_TEMPLATE))
	@exec $(RUN) -m local_lambda $(DEV_OPTIONS)

ifeq ($(strip $(BUILT)),)
test: $(INSTALLED)
ifneq ($(strip $(ARGS)),)
	@$(RUN) -m pytest $(ARGS)
else
	@$(RUN) -m pytest -n 2 --dist loadgroup -m "not timed and ($(ONLY))" $(if $(COVERAGE),--cov --cov-report=)
	@$(RUN) -m pytest -m "timed and ($(ONLY))" $(if $(COVERAGE),--cov --cov-append --cov-report=term --cov-fail-under=95)
endif
else
test: $(INSTALLED) $(BUILT_TEMPLATE)
	@E2E_TEMPLATE=$(BUILT_TEMPLATE) $(RUN) -m pytest tests/e2e/test_service.py tests/sam/test_build.py tests/sam/test_sam_local.py $(ARGS)
endif

check: $(INSTALLED)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

build: $(BUILT_TEMPLATE)
	@$(PYTHON) scripts/build.py .aws-sam/build sizes

# Directories too, for the files that are gone.
$(BUILT_TEMPLATE): template.yaml $(wildcard scripts/*.py) $(shell find functions layers -not -path '*/__pycache__*')
	@LAMBDA_PYTHON=$(PYTHON) SAM_CLI_TELEMETRY=0 $(SAM) build

# The real `sam local start-api`, with a table, a publisher and demo items beside it.
sam-local: $(INSTALLED) $(BUILT_TEMPLATE)
	@exec $(RUN) -m local_lambda.sam_local --sam $(SAM) --port $(SAM_PORT) -- $(SAM_ARGS)

# Pins what pyproject.toml names, with hashes. Needs uv.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o layers/dependencies/requirements.txt
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.txt
	echo aws-sam-cli==1.170.0 | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header -q -o .ci/requirements-sam.txt

clean:
	rm -rf .venv .venv-* .aws-sam .pytest_cache .ruff_cache .hypothesis .coverage*

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "installing into $(VENV) (once)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
