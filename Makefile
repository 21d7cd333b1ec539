# Two commands: `make dev` starts the whole service on this machine, `make test` runs every test.
# Nothing but Python and make is needed before. docs/install.md says how they install.
# With BUILT=1 both take what `make build` makes for Lambda, which needs the SAM CLI and Lambda's Python.
BUILT ?=
ifneq ($(strip $(BUILT))$(filter build sam-local,$(MAKECMDGOALS)),)
PYTHON ?= python3.13
VENV ?= .venv-3.13
# Directories too, for the files that are gone.
SOURCES := $(wildcard scripts/*.py) $(shell find functions layers -not -path '*/__pycache__*')
endif
# The first Python that the lists are made for.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for name in python3 python3.13 python3.14 python3.12 python3.11; do \
    "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
    && echo "$$name" && exit; done; echo python3)
endif
VENV ?= .venv
# make dev
PORT ?= 8000
DEMO ?= 1
DYNAMODB_ENDPOINT ?=
# make test; with ARGS just what they say is run
ARGS ?=
# how many at once
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -lt 4 ] || n=4; [ $$n -gt 2 ] || n=2; echo $$n)
# a pytest marker expression: what of the whole suite
ONLY ?= timed or not timed
# with COVERAGE=1 slower, and with a report of the lines that no test runs
COVERAGE ?=
# make build, make sam-local
SAM ?= $(or $(SAM_CLI),sam)
SAM_PORT ?= 3000
SAM_ARGS ?=

RUN := $(VENV)/bin/python
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

.PHONY: dev test check build sam-local release lock clean environment-to-run environment
.DEFAULT_GOAL := test

dev: environment-to-run $(if $(strip $(BUILT)),$(BUILT_TEMPLATE))
	@exec $(RUN) -m local_lambda $(DEV_OPTIONS)

ifeq ($(strip $(BUILT)),)
test: environment
ifneq ($(strip $(ARGS)),)
	@$(RUN) -m pytest $(ARGS)
else
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not timed and ($(ONLY))" $(if $(COVERAGE),--cov --cov-report=)
	@$(RUN) -m pytest -m "timed and ($(ONLY))" $(if $(COVERAGE),--cov --cov-append --cov-report=term --cov-fail-under=95)
endif
else
test: environment $(BUILT_TEMPLATE)
	@E2E_TEMPLATE=$(BUILT_TEMPLATE) $(RUN) -m pytest tests/system/e2e/test_service.py tests/system/sam/test_build.py tests/system/sam/test_sam_local.py $(ARGS)
endif

check: environment
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

build: $(BUILT_TEMPLATE)
	@$(PYTHON) scripts/build.py .aws-sam/build sizes

$(BUILT_TEMPLATE): template.yaml $(SOURCES)
	@command -v "$(SAM)" >/dev/null 2>&1 || { echo "make: the SAM CLI is not here. Install it (pip install aws-sam-cli, into an environment of its own), or name it: make SAM=/path/to/sam ..." >&2; exit 1; }
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "make: there is no $(PYTHON) here, which compiles for Lambda. Install Python 3.13, or name it: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; }
	@LAMBDA_PYTHON=$(PYTHON) SAM_CLI_TELEMETRY=0 $(SAM) build

# The real `sam local start-api`, with a table, a publisher and demo items beside it.
sam-local: environment-to-run $(BUILT_TEMPLATE)
	@exec $(RUN) -m local_lambda.sam_local --sam $(SAM) --port $(SAM_PORT) -- $(SAM_ARGS)

# Pins what pyproject.toml names, with hashes, and checks the lists. Needs uv. UPGRADE=1 takes the newest releases.
lock: environment
	@$(RUN) -E -s scripts/lock.py $(if $(UPGRADE),--upgrade)

# Wheel, sdist, the layer's zip file, templates and SHA256SUMS, of the commit that is checked out, in dist/.
release: environment
	@$(RUN) -E -s scripts/release.py dist $(if $(TAG),--tag $(TAG)) $(if $(BYTECODE_FOR),--bytecode-for $(BYTECODE_FOR))

clean:
	@$(PYTHON) scripts/environment.py --remove $(or $(wildcard .venv .venv-*),.venv)
	rm -rf .aws-sam dist .pytest_cache .ruff_cache .hypothesis .coverage*

# What running needs, and the same with all that tests, linters and releases need.
environment-to-run:
	$(call install,requirements.txt)
environment:
	$(call install,requirements.txt requirements-dev.txt)

# A PYTHON that somebody asks for is the one that must be in the environment.
ASKED := $(if $(filter command environment,$(firstword $(origin PYTHON))),--this-python)
define install
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "make: there is no $(PYTHON) here. Install Python 3.11 or newer (python.org, or your system's packages), or name yours: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Install one, or name it: make PYTHON=python3.13 ..." % sys.version_info[:2])'
	@"$(PYTHON)" -E -s scripts/environment.py $(ASKED) "$(VENV)" $(1)
endef
