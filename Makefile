# The project's commands; `make` alone lists them. docs/contribute/development.md says more.
#
# One environment, .venv, created by python3 and filled by a pinned uv from locks with hashes.
# Each step leaves a stamp file in it, so that a finished step is not repeated.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
# Many tests wait more than they compute: three workers a processor keep it busy.
WORKERS ?= $(shell expr 3 '*' $$(nproc))
BIN := .venv/bin
BENCH_VENV := .cache/bench-venv
FUZZ_VENV := .cache/fuzz-venv
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := answers sslv2 provocations messages sessions datagrams xml_streams lines certificates \
    dtls_questions quic_questions tls13_flights ssh_exchanges openvpn_sessions ike_messages ech_configs \
    scripts proxies http revocation timestamps mail_domains kubernetes_objects consul_services \
    docker_containers server_files targets_files yaml_files web_configurations trust_files log_lists \
    source_texts recordings observations
PYTEST := -m pytest -n $(WORKERS) --dist worksteal
PACKAGES := model pki probe discovery scheduling policy storage exporters service tlsprobe
CODE := $(wildcard $(PACKAGES) tests benchmarks fuzz scripts deploy)

export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
# Compiled when it is installed, where each process that starts later finds it, whatever the environment says.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPYCACHEPREFIX
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment -------------------------------------------------------------------------

.venv/.bootstrap: requirements/bootstrap.txt
	@echo "creating .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.run: requirements/run.txt .venv/.bootstrap
	@echo "installing tlsprobe's dependencies"
	@$(INSTALL) --require-hashes -r $<
	@touch $@

.venv/.dev: requirements/dev.txt requirements/docs.txt .venv/.bootstrap
	@echo "installing what the tests, the linters and the documentation's site need"
	@$(INSTALL) --require-hashes -r requirements/dev.txt -r requirements/docs.txt
	@touch $@

# "compat" puts the checkout itself on the path, so that new packages are found at once.
.venv/.project: pyproject.toml .venv/.bootstrap
	@$(INSTALL) --no-deps --no-build-isolation --config-setting editable_mode=compat --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(BENCH_VENV)/.installed: requirements/bench.txt .venv/.bootstrap
	@echo "installing the scanners that the benchmarks compare with"
	@$(PYTHON) -m venv --without-pip $(BENCH_VENV)
	@$(BIN)/uv pip install --quiet --python $(BENCH_VENV)/bin/python --require-hashes -r $<
	@touch $@

.PHONY: venv
venv: .venv/.dev .venv/.project ## create .venv with everything for development

# --- running ---------------------------------------------------------------------------------

.PHONY: run
run: .venv/.run .venv/.project ## probe the demo's six servers, or those in TARGETS=file.yml
	$(BIN)/tlsprobe $(if $(TARGETS),serve --targets $(TARGETS),demo)

# --- checking --------------------------------------------------------------------------------

.PHONY: test
test: ## everything that CI runs: lint, and all tests in one run
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint test-servers test-bytecode
	$(BIN)/python $(PYTEST)

.PHONY: lint lint-types lint-rest
lint: lint-types lint-rest ## style, types, layers, wording, deployment files, workflows, locks

# It takes as long as all the rest, so the two run side by side where jobs are allowed.
lint-types: venv
	$(BIN)/mypy $(CODE)

lint-rest: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_wording
	$(BIN)/shellcheck scripts/*.sh .ci/run deploy/compose/*.sh deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github/workflows
	scripts/lock.sh --check

.PHONY: quick
quick: venv ## the tests of a minute: no real servers, no process of tlsprobe, nothing slow
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile quick -m "not integration and not process and not slow"

.PHONY: unit
unit: venv ## tests that need only Python
	$(BIN)/python $(PYTEST) -m "not integration"

.PHONY: test-servers
test-servers: ## install the real TLS servers for the tests (Debian, as root)
	scripts/install-test-servers.sh

# Otherwise each worker of the first run would compile every test. That run reports what is wrong with a test.
.PHONY: test-bytecode
test-bytecode: venv
	-@$(BIN)/python -m pytest --collect-only --quiet --quiet > /dev/null

.PHONY: integration
integration: venv test-servers ## tests against real servers
	$(BIN)/python $(PYTEST) -m integration

.PHONY: coverage
coverage: venv test-servers ## which lines all tests run, in what they start too; fails below the floor
	rm -f .coverage .coverage.*
	$(BIN)/coverage run $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

.PHONY: image-check
image-check: venv test-servers ## build the image and the Debian package, and run both: the Dockerfile is known to work
	$(BIN)/python -m pytest tests/deploy/test_image.py tests/deploy/test_debian_package.py

.PHONY: bench
bench: venv $(BENCH_VENV)/.installed test-servers ## compare tlsprobe with sslyze, sslscan and nmap, and measure the service
	scripts/install-bench-peers.sh
	PATH="$(BENCH_VENV)/bin:$$PATH" $(BIN)/python -m benchmarks
	PATH="$(BENCH_VENV)/bin:$$PATH" $(BIN)/python -m benchmarks.fleet
	$(BIN)/python -m benchmarks.certificates
	$(BIN)/python -m benchmarks.scrape
	$(BIN)/python -m benchmarks.on_demand
	$(BIN)/python -m benchmarks.storage
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.pages --endpoints 100000 --only search
	$(BIN)/python -m benchmarks.workers speed --endpoints 240
	$(BIN)/python -m benchmarks.workers kill --endpoints 2000 --kills 10
	$(BIN)/python -m benchmarks.million --endpoints 20000 --interval 72 --seconds 60
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.policy
	$(BIN)/python -m benchmarks.schedule
	$(BIN)/python -m benchmarks.service --endpoints 2000 --interval 60

# For example SOAK='--postgresql --minutes 60'
.PHONY: soak
soak: venv ## six hours of the service, compressed, over servers that fail, change and return; SOAK=options
	$(BIN)/python -m benchmarks.soak $(SOAK)

.PHONY: bench-compare
bench-compare: venv ## print what got slower from the result before the last one of each benchmark to the last
	$(BIN)/python -m benchmarks.compare

.PHONY: truth
truth: venv $(BENCH_VENV)/.installed test-servers ## remake docs/explanation/truth.md: who is right about each server of the zoo
	scripts/install-bench-peers.sh
	PATH="$(BENCH_VENV)/bin:$$PATH" $(BIN)/python -m benchmarks.truth
	PATH="$(BENCH_VENV)/bin:$$PATH" $(BIN)/python -m benchmarks.tunnels

$(FUZZ_VENV)/.installed: requirements/run.txt requirements/fuzz.txt .venv/.bootstrap
	@echo "installing the fuzzer"
	@$(PYTHON) -m venv --without-pip $(FUZZ_VENV)
	@$(BIN)/uv pip install --quiet --python $(FUZZ_VENV)/bin/python --require-hashes \
	    -r requirements/run.txt -r requirements/fuzz.txt
	@touch $@

.PHONY: fuzz
fuzz: $(FUZZ_VENV)/.installed ## fuzz every parser of bytes and texts from others, FUZZ_SECONDS=60 each
	for target in $(FUZZ_TARGETS); do $(FUZZ_VENV)/bin/python -m fuzz $$target $(FUZZ_SECONDS); done

# --- supply chain ----------------------------------------------------------------------------

.PHONY: audit
audit: venv ## known vulnerabilities of the locks, insecure code and workflows; OFFLINE=1 asks no service
	$(BIN)/python -m scripts.supply_chain.audit $(if $(OFFLINE),--offline)

.PHONY: sbom
sbom: venv ## write the bill of materials of everything that the image installs to build/tlsprobe.cdx.json
	mkdir -p build
	$(BIN)/python -m scripts.supply_chain.bill_of_materials requirements/workers.txt requirements/quic.txt \
	    > build/tlsprobe.cdx.json

.PHONY: release
release: venv ## build the files of the tagged version in build/release; KEY=file signs their checksums
	rm -rf build/release
	$(BIN)/python -m scripts.supply_chain.release build/release $(if $(KEY),--key $(KEY)) \
	    $(if $(BUILDER),--builder $(BUILDER))

# --- packages --------------------------------------------------------------------------------

.PHONY: zipapp
zipapp: venv ## write build/tlsprobe.pyz: tlsprobe with all its packages in one file
	$(BIN)/python -m scripts.one_file build/tlsprobe.pyz

.PHONY: debian-package
debian-package: ## write build/tlsprobe_VERSION_ARCHITECTURE.deb, for the Debian that it runs on
	scripts/debian-package.sh build

# --- upkeep ----------------------------------------------------------------------------------

.PHONY: docs
docs: venv ## write the pages, dashboards and manifests that come from the code; build the site in build/site
	$(BIN)/python -m exporters.prometheus.reference > docs/reference/metrics.md
	$(BIN)/python -m scripts.settings_reference > docs/reference/settings.md
	$(BIN)/python -m scripts.command_reference > docs/reference/commands.md
	$(BIN)/python -m scripts.http_reference > docs/reference/http-api.md
	$(BIN)/python -m scripts.json_reference > docs/reference/json.md
	$(BIN)/python -m scripts.commands_json_reference > docs/reference/commands-json.md
	$(BIN)/python -m scripts.policy_reference > docs/reference/policy-rules.md
	$(BIN)/python -m scripts.alert_list > docs/reference/alert-list.md
	$(BIN)/python -m scripts.log_events > docs/reference/log-events.md
	$(BIN)/python -m scripts.dashboards
	mkdir -p deploy/prometheus/rules
	$(BIN)/tlsprobe rules > deploy/prometheus/rules/tlsprobe.yml
	cp deploy/prometheus/rules/tlsprobe.yml deploy/helm/tlsprobe/files/rules.yml
	$(BIN)/python -m scripts.manifests
	$(BIN)/python -m scripts.automation_documents
	$(BIN)/python -m sphinx -W --keep-going -n -q docs build/site

.PHONY: pictures
pictures: venv test-servers ## draw the pictures of README and docs/ again: terminals as SVG, pages as PNG
	$(BIN)/python -m scripts.pictures

.PHONY: man
man: venv ## write the man pages to build/man, from the commands' help
	$(BIN)/python -m scripts.man_pages build/man

.PHONY: format
format: venv ## format the code and fix what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: .venv/.bootstrap ## regenerate requirements/ from pyproject.toml; UPGRADE=1 uses new versions
	scripts/lock.sh $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## remove everything that make created
	rm -rf .venv .cache build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
