# What a developer does, by name; `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := -m pip --disable-pip-version-check --no-input

# The Python that .venv is made from: a path or a name. Without one, the first that fits.
PYTHON ?=
SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)

define FIND_PYTHON
set -eu; \
python=; \
for candidate in $(CANDIDATES); do \
	if "$$candidate" -c '$(SUPPORTED)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
	echo "Python 3.11 or later is needed; tried: $(CANDIDATES)." >&2; \
	echo "Install one, or name it: make install PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi; \
if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	echo "$$python cannot make a virtual environment: its venv and ensurepip modules are missing." >&2; \
	echo "On Debian and Ubuntu: apt install python3-venv. Or name another: make install PYTHON=/path/to/python3" >&2; \
	exit 1; \
fi
endef

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## Put everything into .venv, dbt's and our commands included

$(INSTALLED): pyproject.toml constraints.txt
	@$(BIN)/python -c '$(SUPPORTED)' 2>/dev/null || { $(FIND_PYTHON); "$$python" -m venv --clear $(VENV); }
	@echo "Installing into $(VENV); the first time takes a minute."
	@$(BIN)/python $(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.PHONY: demo
demo: $(INSTALLED) ## Run the main job on a made-up CRM against a local emulator
	@$(BIN)/metrica-export demo

.PHONY: check
check: style unit ## Check style, types, imports and unit tests; under a minute

.PHONY: unit
unit: $(INSTALLED)
	@# By file: what a file's tests share is made once.
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -q tests/unit $(ARGS)

.PHONY: test
test: $(INSTALLED) ## Run all tests; some of them: make test ARGS="tests/dbt -k phone"
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

.PHONY: coverage
coverage: $(INSTALLED) ## Run all tests and print which lines and branches none of them runs
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --cov --cov-report term $(ARGS)

.PHONY: faults
faults: $(INSTALLED) ## Run the fault campaign on all cores; more of it: make faults ARGS="--seed 2001"
	@$(BIN)/python -m tests.faults $(ARGS)

ORCHESTRATORS := dagster airflow schemas

.PHONY: test-orchestrators
test-orchestrators: $(ORCHESTRATORS:%=build/%/.installed) ## Test Dagster, Airflow and the examples of schedules, each in its own environment
	@for name in $(ORCHESTRATORS); do \
		build/$$name/bin/python -m pytest -q -p no:cacheprovider -W ignore --confcutdir tests/orchestrators \
			tests/orchestrators/with_$$name.py $(ARGS) || exit 1; \
	done

build/%/.installed: tests/orchestrators/%.txt pyproject.toml $(INSTALLED)
	@$(BIN)/python -m venv --clear build/$*
	@build/$*/bin/python $(PIP) install --quiet --requirement $<
	@touch $@

.PHONY: test-spark
test-spark: build/spark/.installed ## Test dbt on Spark and Iceberg in an environment of its own; needs Java 17
	@build/spark/bin/python -m pytest -q -p no:cacheprovider -p tests.spark.fixtures -W ignore \
		--confcutdir tests/spark $(or $(FILES),$(wildcard tests/spark/with_*.py)) $(ARGS)

.PHONY: demo-spark
demo-spark: build/spark/.installed ## Build and export on a cluster of Spark that loses an executor; compare with one machine
	@build/spark/bin/python -W ignore -m tests.spark.demo

build/spark/.installed: tests/spark/requirements.txt pyproject.toml $(INSTALLED)
	@$(BIN)/python -m venv --clear build/spark
	@build/spark/bin/python $(PIP) install --quiet --requirement $<
	@touch $@

OTHER_PYTHONS ?= 3.12 3.13

.PHONY: test-pythons
test-pythons: ## Run the unit tests and the demo on the other Pythons that are installed
	@for version in $(OTHER_PYTHONS); do \
		found=; \
		for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
			if "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then found=$$python; break; fi; \
		done; \
		[ -n "$$found" ] || { echo "Python $$version is not installed: skipped."; continue; }; \
		$(MAKE) --no-print-directory install unit demo VENV=build/python$$version PYTHON="$$found" || exit 1; \
	done

.PHONY: bench
bench: $(INSTALLED) build/rivals/.installed ## Measure dbt and the export: make bench ROWS="1000000 5000000" RESULTS=1 keeps the page
	@$(BIN)/python -m benchmarks --rows "$(or $(ROWS),1000000)" --rivals build/rivals/bin/python $(if $(RESULTS),--results) $(ARGS)

.PHONY: bench-lake
bench-lake: build/spark/.installed ## The same CRM on four engines, and the export from Iceberg: make bench-lake ROWS=1000000,5000000 EXPORTED=20000000
	@build/spark/bin/python -W ignore -m benchmarks.lake --orders "$(or $(ROWS),1000000)" --exported "$(EXPORTED)" $(if $(RESULTS),--results) $(ARGS)

build/rivals/.installed: benchmarks/requirements.txt $(INSTALLED)
	@$(BIN)/python -m venv --clear build/rivals
	@build/rivals/bin/python $(PIP) install --quiet --requirement benchmarks/requirements.txt
	@touch $@

SQL_FILES := $(addprefix exporter/metrica_export/,checks commands delta delivery ledger report review)

.PHONY: lint
lint: style ## Check style, types, imports and SQL
	DBT_PROFILES_DIR=$(CURDIR)/tests/profiles $(BIN)/sqlfluff lint --processes 2 dbt_project
	$(BIN)/sqlfluff lint --processes 2 --ignore-local-config --config exporter/.sqlfluff $(SQL_FILES)

.PHONY: style
style: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: lock
lock: ## Take the newest versions that pyproject.toml allows into constraints.txt
	@$(FIND_PYTHON); \
	rm -rf build/lock; \
	"$$python" -m venv build/lock; \
	build/lock/bin/python $(PIP) install --quiet --editable '.[dev]'; \
	{ \
		echo "# Every version that is installed and tested. Written by \`make lock\`; not by hand."; \
		build/lock/bin/python $(PIP) freeze --exclude-editable; \
	} > build/constraints.txt; \
	if grep -vE '^#|^[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+$$' build/constraints.txt; then \
		echo "The lines above are no plain versions; constraints.txt stays as it is." >&2; \
		exit 1; \
	fi; \
	mv build/constraints.txt constraints.txt

.PHONY: clean
clean: ## Remove what was installed, built and cached
	rm -rf $(VENV) build demo exporter/*.egg-info .*_cache dbt_project/target dbt_project/logs logs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
