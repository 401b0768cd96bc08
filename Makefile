# Purser. A bare Debian with python3, git and make is enough; every target sets up what it needs first.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
RUN := .venv/bin
# For tools that load the settings but touch neither database nor broker.
NOWHERE := DATABASE_URL=postgresql://nobody@/nothing REDIS_URL=redis://localhost:1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench journey messages clean

help:
	@echo "make demo      Purser and its outside world on http://$(HOST):$(PORT) until Ctrl-C (PORT=, HOST=)"
	@echo "make test      all tests, also beside a running demo"
	@echo "make lint      style, types, layers, templates, migrations, translations"
	@echo "make journey   the main job end to end against the running demo"
	@echo "make bench     speeds beside their limits"
	@echo "make messages  collect the texts to translate and compile the translations"
	@echo "make clean     remove everything that set-up and the demo made, the demo's data included"

install:
	@$(PYTHON) deploy/bootstrap.py setup

demo:
	@$(PYTHON) deploy/bootstrap.py setup static
	@PORT=$(PORT) HOST=$(HOST) exec $(RUN)/python manage.py demo

test:
	@$(PYTHON) deploy/bootstrap.py setup tests
	@env -u PURSER_DATA_DIR $(RUN)/python -m pytest -n 2 -m "not journey" $(TESTS)

lint: install
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check --quiet .
	@$(NOWHERE) $(RUN)/mypy audit grants approvals portal deploy/bootstrap.py
	@$(RUN)/lint-imports
	@$(RUN)/djlint templates --lint --quiet
	@$(RUN)/python manage.py makemigrations --check --dry-run
	@$(NOWHERE) $(RUN)/python manage.py messages --check

journey:
	@$(PYTHON) deploy/bootstrap.py setup tests
	@$(RUN)/python manage.py journey $(ONLY)

bench:
	@$(PYTHON) deploy/bootstrap.py setup static
	@$(RUN)/python manage.py bench

messages: install
	@$(NOWHERE) $(RUN)/python manage.py messages

clean:
	@$(PYTHON) deploy/bootstrap.py clean
