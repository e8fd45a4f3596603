# Incident Portal: make run | demo | test | check | soak | bench
# Needs Python 3.11 or newer with venv, and make; everything else is fetched into .venv by hash.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
BASE := $(VENV)/.base-$(shell cksum < requirements/base.txt | tr ' ' -)
DEV := $(VENV)/.dev-$(shell cksum < requirements/dev.txt | tr ' ' -)
INSTALL = $(PY) -m pip install -qq --disable-pip-version-check --require-hashes --no-deps
HTTPS := PORTAL_TESTING= DEBUG= DATA_DIR=$(VENV)/.deploy SITE_URL=https://portal.example.com SECRET_KEY=checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ

.PHONY: run demo test check soak bench clean
.NOTPARALLEL:

run: $(BASE)
	@exec $(PY) manage.py up

demo: $(BASE)
	@export DATA_DIR=$${DATA_DIR:-.demo}; $(PY) manage.py prepare && $(PY) manage.py demo && exec $(PY) manage.py up

test: $(DEV)
	@sh tests/provide
	@$(PY) -m tests.harness.run test

check: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/djlint templates --lint --quiet
	@PORTAL_TESTING=1 DATA_DIR=$(VENV)/.deploy $(PY) manage.py makemigrations --check --dry-run
	@PORTAL_TESTING=1 DATA_DIR=$(VENV)/.deploy $(PY) manage.py translations check
	@$(HTTPS) $(PY) manage.py check --deploy --fail-level WARNING

soak: $(DEV)
	@sh tests/provide
	@$(PY) -m tests.harness.run soak

bench: $(DEV)
	@sh tests/provide
	@$(PY) -m bench

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (Debian 12: apt install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing (Debian: apt install python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(BASE): | $(PY)
	@test -f $(DEV) || { echo "Installing what the portal needs ..."; $(INSTALL) -r requirements/base.txt; }
	@rm -f $(VENV)/.base-*; touch $@

$(DEV): | $(PY)
	@echo "Installing what the tests need ..."
	@$(INSTALL) -r requirements/dev.txt
	@rm -f $(VENV)/.dev-* $(VENV)/.base-*; touch $@ $(BASE)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
