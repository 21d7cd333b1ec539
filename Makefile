# Two commands: `make dev` starts the whole service on this machine, `make test` runs every test.
# They need nothing but Python and make. docs/install.md describes what they install.
# With BUILT=1 both use the output of `make build`, which needs the SAM CLI and Lambda's Python.
BUILT ?=
ifneq ($(strip $(BUILT))$(filter build sam-local bench,$(MAKECMDGOALS)),)
PYTHON ?= python3.13
VENV ?= .venv-3.13
# The directories are listed too, so that a removed file causes a new build.
SOURCES := $(wildcard scripts/*.py) $(shell find functions layers -not -path '*/__pycache__*')
endif
# Without a PYTHON, take the first one that the lists of requirements support.
ifeq ($(origin PYTHON),undefined)
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON := $(shell for name in python3 python3.13 python3.14 python3.12 python3.11; do \
    "$$name" -c '$(SUPPORTED)' 2>/dev/null && echo "$$name" && exit; done; echo python3)
endif
VENV ?= .venv

# Options of `make dev`.
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
DYNAMODB_ENDPOINT ?=

# Options of `make example`.
NAME ?=
COPY ?=
LAYER ?=

# Options of `make test`. ARGS replaces all others: pytest runs with these arguments alone.
ARGS ?=
# The number of test processes: one for each core, at least 2 and at most 4.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(shell n=$(CORES); [ $$n -lt 4 ] || n=4; [ $$n -gt 2 ] || n=2; echo $$n)
# A pytest marker expression, which selects tests of the whole suite.
ONLY ?= timed or not timed
RERUNS ?= 1
# COVERAGE=1 reports the lines that no test runs; COVERAGE=branches the branches too, and is slower.
COVERAGE ?=

# Options of `make build` and `make sam-local`.
SAM ?= $(or $(SAM_CLI),sam)
SAM_PORT ?= 3000
SAM_ARGS ?=

RUN := $(VENV)/bin/python
BUILT_TEMPLATE := .aws-sam/build/template.yaml
# On one machine all clients share one address, so each of them may hold every slot.
DEV_OPTIONS := --host $(HOST) --port $(PORT) --parameter-overrides ClientConnections=100
ifneq ($(strip $(BUILT)),)
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
DEV_OPTIONS += Architecture=$(ARCHITECTURE) --template $(BUILT_TEMPLATE) --isolated
endif
ifneq ($(DEMO),0)
DEV_OPTIONS += --demo
endif
ifneq ($(strip $(DYNAMODB_ENDPOINT)),)
DEV_OPTIONS += --dynamodb-endpoint $(DYNAMODB_ENDPOINT)
endif

# First all tests that may run beside each other, then the timed ones alone.
TOGETHER := -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not timed and ($(ONLY))"
ALONE := -m "timed and ($(ONLY))"
# A test that fails is tried once more, and the summary tells why: docs/decisions.md.
AGAIN := --reruns $(RERUNS) --reruns-delay 1 --max-suite-reruns 10 --rerun-show-tracebacks
ifneq ($(strip $(COVERAGE)),)
MEASURED := --cov $(if $(filter branches,$(COVERAGE)),--cov-branch)
TOGETHER += $(MEASURED) --cov-report=
ALONE += $(MEASURED) --cov-append --cov-report=term --cov-fail-under=95
endif
# LEAKS=1 keeps the secrets of the run and all that it says, and then looks for the ones in the
# others: docs/security.md. The folder can be read by its owner alone.
LEAKS ?=
WITNESSED := $(CURDIR)/.leaks
ifneq ($(strip $(LEAKS)),)
test: export LOCAL_LAMBDA_WITNESS := $(WITNESSED)
endif
ON_BUILT := tests/system/e2e/test_service.py
ON_BUILT += tests/system/sam/test_build.py tests/system/sam/test_sam_local.py

.PHONY: dev example examples test check build sam-local release lock clients observability docs
.PHONY: bench audit audit-environment verify fuzz soak
.PHONY: clean environment-to-run environment
.DEFAULT_GOAL := test

dev: environment-to-run $(if $(strip $(BUILT)),$(BUILT_TEMPLATE))
	@exec $(RUN) -m local_lambda $(DEV_OPTIONS)

# Serves one of the examples, copies it, or lists them: examples/README.md.
EXAMPLE := $(NAME) --host $(HOST) --port $(PORT)
ifneq ($(strip $(COPY)),)
EXAMPLE := $(NAME) --copy "$(COPY)" $(if $(LAYER),--layer "$(LAYER)")
endif
SERVED := $(if $(strip $(COPY)),,$(if $(strip $(NAME)),examples))
example: VENV := .venv-examples
example: $(SERVED)
	@exec $(if $(SERVED),$(VENV)/bin/python,$(PYTHON)) -E -s scripts/serve_example.py $(EXAMPLE)

# Installs what the examples need.
examples: VENV := .venv-examples
examples:
	$(call install,examples/requirements.txt)

ifeq ($(strip $(BUILT)),)
test: environment
	@rm -rf "$(WITNESSED)"
ifneq ($(strip $(ARGS)),)
	@$(RUN) -m pytest $(ARGS)
else
	@$(RUN) -m pytest $(TOGETHER) $(AGAIN)
	@$(RUN) -m pytest $(ALONE) $(AGAIN)
endif
ifneq ($(strip $(LEAKS)),)
	@$(RUN) -E -s scripts/leaks.py "$(WITNESSED)"
	@rm -rf "$(WITNESSED)"
endif
else
test: environment $(BUILT_TEMPLATE)
	@E2E_TEMPLATE=$(BUILT_TEMPLATE) $(RUN) -m pytest $(ON_BUILT) $(AGAIN) $(ARGS)
endif

TYPED := streaming_runtime lambda_streaming event_stream dashboard_data dashboard_http \
    dashboard_setup stream_function api_function publish_function local_lambda benchmarks.cost \
    benchmarks.scale benchmarks.table benchmarks.cases sse_conformance \
    verify_aws
check: environment
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy $(addprefix -p ,$(TYPED))
	@$(RUN) -m mypy $(wildcard scripts/*.py)
	@$(RUN) -m pytest -q tests/architecture

build: $(BUILT_TEMPLATE)
	@$(PYTHON) scripts/build.py .aws-sam/build sizes

$(BUILT_TEMPLATE): template.yaml $(SOURCES)
	@$(call need,$(SAM),Install the SAM CLI (pip install aws-sam-cli$(,) into an environment of \
	  its own)$(,) or name it: make SAM=/path/to/sam ...)
	@$(call need,$(PYTHON),Install Python 3.13$(,) which compiles for Lambda$(,) or name it: \
	  make PYTHON=/path/to/python3.13 ...)
	@LAMBDA_PYTHON=$(PYTHON) SAM_CLI_TELEMETRY=0 $(SAM) build

# Runs the real `sam local start-api`, with a table, a publisher and demo items beside it.
sam-local: environment-to-run $(BUILT_TEMPLATE)
	@exec $(RUN) -m local_lambda.sam_local --sam $(SAM) --port $(SAM_PORT) -- $(SAM_ARGS)

# Pins the dependencies of pyproject.toml with hashes, and checks the lists. It needs uv.
# UPGRADE=1 takes the newest releases.
lock: environment
	@$(RUN) -E -s scripts/lock.py $(if $(UPGRADE),--upgrade)

# Makes the files of a release from the commit that is checked out, in dist/: wheel, sdist, the
# layer's zip file, templates, bills of materials (SBOM) and SHA256SUMS.
RELEASE_OPTIONS = $(if $(TAG),--tag $(TAG)) $(if $(BYTECODE_FOR),--bytecode-for $(BYTECODE_FOR))
release: environment audit-environment
	@$(RUN) -E -s scripts/release.py dist $(RELEASE_OPTIONS)

# Installs clients and servers that nobody here wrote, for tests/system/clients, protocols and
# conformance. It needs Node and npm.
CLIENTS := tests/system/clients
FROM_NPM := $(CLIENTS)/npm tests/system/protocols/npm tests/system/conformance/peers/npm
clients: VENV := .venv-clients
clients:
	@$(call need,npm,Install Node 20 or newer with npm (apt-get install nodejs npm).)
	$(call install,$(CLIENTS)/pypi/requirements.txt)
	@for each in $(FROM_NPM); do npm ci --silent --prefix "$$each" || exit 1; done

# Installs tools that watch functions (Sentry, OpenTelemetry, ...), for tests/system/observability.
observability: VENV := .venv-observability
observability:
	$(call install,tests/system/observability/requirements.txt)

# Looks for known vulnerabilities of every package that a pinned list names: docs/security.md.
# AUDIT=required fails if any could not be audited.
AUDIT ?=
audit: audit-environment
	@.venv-audit/bin/python -E -s scripts/audit.py $(if $(filter required,$(AUDIT)),--required)
# `make release VENV=...` needs it too, and another environment for the rest.
audit-environment: override VENV := .venv-audit
audit-environment:
	$(call install,.ci/requirements-audit.txt)

# Makes the documentation's site in .site/html, and fails at anything that Sphinx warns of.
docs: VENV := .venv-docs
docs:
	$(call install,docs/site/requirements.txt)
	@rm -rf .site
	@$(VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going --jobs auto \
	  --conf-dir docs/site --doctree-dir .site/doctrees . .site/html
	@echo "file://$(CURDIR)/.site/html/index.html"

# Measures ours and the peers side by side, on Lambda's Python: docs/benchmarks.md. QUICK=1 takes
# some minutes and writes nothing.
bench: VENV := .venv-bench
bench:
	$(call install,benchmarks/requirements.txt)
	@$(RUN) -m benchmarks.run $(if $(QUICK),--quick --out /dev/null)

# Tries on a deployed stack what the docs assume about AWS: docs/assumptions.md. Values are quoted,
# because addresses may hold anything.
verify: environment-to-run
	@PYTHONPATH=scripts $(RUN) -m verify_aws --url "$(URL)" --stream-url "$(STREAM_URL)" \
	  --stack "$(STACK)" --probe "$(PROBE)" --region "$(REGION)" --ids "$(IDS)" \
	  $(if $(SLOW),--slow) $(if $(PAGE),--page "$(PAGE)")

# Tries arbitrary inputs: docs/fuzzing.md. Without CASES each target has 20 s of CPU time.
ENGINE ?= own
FUZZ_OPTIONS = $(TARGET) --engine $(ENGINE) $(if $(CASES),--cases $(CASES))
FUZZ_OPTIONS += $(if $(SEED),--seed $(SEED)) $(if $(PROCESSES),--processes $(PROCESSES))
FUZZ_LISTS := requirements.txt requirements-dev.txt
ifeq ($(ENGINE),atheris)
FUZZ_LISTS += tests/fuzz/requirements.txt
fuzz: VENV := .venv-fuzz
endif
fuzz:
	$(call install,$(FUZZ_LISTS))
	@exec $(VENV)/bin/python -m tests.fuzz $(FUZZ_OPTIONS)
# Runs the whole service with 100 streams while it is killed and its table fails, and counts what
# each client got: docs/soak.md. JSON=1 prints the verdict as JSON.
MINUTES ?= 60
SOAK_OPTIONS = --minutes $(MINUTES) $(if $(JSON),--json) $(if $(SOAK_LOG),--log $(SOAK_LOG))
soak: environment
	@exec $(RUN) -m tests.system.soak $(SOAK_OPTIONS)

clean:
	@$(PYTHON) scripts/environment.py --remove $(or $(wildcard .venv .venv-*),.venv)
	rm -rf .aws-sam .site .leaks .fuzz dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -rf .coverage* $(addsuffix /node_modules,$(FROM_NPM))

# The packages that the service needs to run; and with them those of tests, linters and releases.
environment-to-run:
	$(call install,requirements.txt)
environment:
	$(call install,requirements.txt requirements-dev.txt)

, := ,
# $(call need,COMMAND,HINT) ends make with the hint when the command does not exist.
define need
command -v "$(1)" >/dev/null 2>&1 || { echo "make: $(1) was not found. $(strip $(2))" >&2; exit 1; }
endef

# If the user sets PYTHON, the environment must hold that very Python.
ASKED := $(if $(filter command environment,$(firstword $(origin PYTHON))),--this-python)
TOO_OLD := make: Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Install a newer one, \
  or name it: make PYTHON=python3.13 ...
CHECK := import sys; sys.exit(sys.version_info < (3, 11) and "$(TOO_OLD)" % sys.version_info[:2])
define install
	@$(call need,$(PYTHON),Install Python 3.11 or newer (python.org$(,) or your system's \
	  packages)$(,) or name yours: make PYTHON=/path/to/python3.13 ...)
	@"$(PYTHON)" -c '$(CHECK)'
	@"$(PYTHON)" -E -s scripts/environment.py $(ASKED) "$(VENV)" $(1)
endef
