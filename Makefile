# 用法 · usage: make help
#
# Everything runs in .venv/, made from the locked files under requirements/ by plain pip. After the first set-up no
# target but `lock` needs the network, until a locked file changes. Paths are relative: a folder with spaces is fine.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test bench compiled test-compiled fuzz mutation lint format schemas examples lock clean system-packages

# The first Python that is new enough and can make an environment; asked by running it, since a command of that name
# may be an empty shim. Another one: make PYTHON=/path/to/python …
new_enough := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(new_enough)' 2>/dev/null && echo "$$p" && break; done)
has_python = "$(PYTHON)" -c '$(new_enough)' 2>/dev/null || { \
	echo '需要 Python 3.11 或更高版本（含 venv 模块；Debian、Ubuntu 上请装 python3-venv），没有找到。'; \
	echo 'No Python 3.11 or later with its venv module was found (on Debian or Ubuntu: apt install python3-venv).'; \
	exit 1; } >&2

WORKERS ?= 2
ARGS ?=
ALL ?=
LOAD ?=

help: ## 列出这些目标 · list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/.stamp-dev ## 演示：真实决算表在三种格式间往返并校验 · convert a real report both ways and validate it
	@scripts/demo.sh

test: .venv/.stamp-dev tests/node/node_modules/.stamp ## 安装所需并运行全部测试（ARGS="-k 词"） · set up and run all tests
	.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

compiled: build/compiled/.stamp ## 编译过的安装包（dist/）：同样的代码，时间少四成；需要 C 编译器 · a compiled wheel: the same code, faster; takes a C compiler

build/compiled/.stamp: scripts/compiled.py $(shell find toolkit/fatk -name '*.py') | .venv/.stamp-dev
	.venv/bin/python scripts/compiled.py
	@touch $@

# How hard the C compiler tries changes nothing of what is found.
test-compiled: .venv/.stamp-dev ## 用编译过的代码运行读取与检查的测试 · run the tests of reading and checking on the compiled code
	.venv/bin/python scripts/compiled.py --level 0 --into build/test-compiled
	FATK_COMPILED=1 PYTHONPATH=build/test-compiled/unpacked .venv/bin/python -m pytest -n $(WORKERS) --dist worksteal \
		$(patsubst %,tests/test_%.py,compiled conformance editions layouts ooxml printed_numbers rules_engine rules_exact \
		rules_narrative rules_words same_findings units values warehouse)

# Apart from what tests run with, so that nothing of it can change what they find.
build/peers/.stamp: requirements/bench.txt | .venv/.stamp-dev
	rm -rf build/peers
	$(pip) --target build/peers --no-deps --require-hashes --only-binary :all: --no-binary odfpy,zc-zlibstorage --use-pep517 --no-build-isolation \
		-r requirements/bench.txt
	@touch $@

bench: .venv/.stamp-dev build/peers/.stamp ## 与同类工具并排比较性能（ALL=1 到一万份、四十万行，LOAD="--seconds 60"） · measure against peers, side by side
	@if command -v cc >/dev/null; then $(MAKE) --no-print-directory build/compiled/.stamp; else echo '没有 C 编译器，不量编译过的代码 · no C compiler: without the compiled code' >&2; fi
	@missed=0; for one in "goals $(if $(ALL),--all)" run reading narratives "service $(LOAD)" "batch $(if $(ALL),--all)" between; do \
		set -- $$one; name=$$1; shift; \
		.venv/bin/python benchmarks/$$name.py "$$@" || missed=1; \
	done; exit $$missed

fuzz: .venv/.stamp-dev ## 用损坏的文件试读十分钟（ARGS="--minutes 60 xls"） · read damaged files for ten minutes
	.venv/bin/python tests/fuzz.py $(ARGS)

mutation: .venv/.stamp-dev ## 逐个植入小错，看测试能否发现（ARGS="rules.linear values"） · put in small faults, which a test must notice
	PYTHONHASHSEED=0 .venv/bin/python scripts/mutation.py --workers $(WORKERS) $(ARGS)

lint: .venv/.stamp-dev ## 检查风格与类型 · check style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: .venv/.stamp-dev ## 整理代码格式 · put the code in order
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

schemas: .venv/.stamp-dev ## 由手写数据重新生成 JSON Schema 与文档 · regenerate all that derives from the hand-written data
	.venv/bin/fatk schema build

# report.json is the source, written by hand; the workbook and the package beside it are what the tool makes of it. The
# package is made elsewhere first, so that a table that is gone leaves no file behind.
examples: .venv/.stamp-dev ## 由示例的 report.json 重新生成工作簿与数据包 · regenerate the twins of each example's report.json
	@set -e; for source in datapackages/*/report.json; do \
		package=$${source%/report.json}; \
		echo "$$package"; \
		.venv/bin/fatk convert --force "$$source" "$$package/report.xlsx"; \
		rm -rf build/example && mkdir -p build; \
		.venv/bin/fatk convert --to package "$$source" build/example; \
		rm -f "$$package"/*.csv && cp build/example/* "$$package/"; \
	done

lock: ## 重新锁定依赖（UPGRADE=--upgrade 取最新版） · lock the dependencies again
	@$(has_python)
	"$(PYTHON)" -m venv build/lock
	build/lock/bin/pip install --quiet uv==0.13.9
	build/lock/bin/uv $(lock_options) --group pyproject.toml:build --output-file requirements/build.txt
	build/lock/bin/uv $(lock_options) --all-extras pyproject.toml --output-file requirements/dev.txt
	build/lock/bin/uv $(lock_options) --group pyproject.toml:bench --constraint requirements/dev.txt --output-file requirements/bench.txt
# Universal: one file for every system and Python from 3.11.
lock_options = pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' $(UPGRADE)

clean: ## 删除环境与一切生成的文件 · remove the environment and whatever was built
	rm -rf .venv build dist tests/node/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Wheels only, so that no stranger's set-up code runs; but for two old pure Python libraries that have none (both under
# `datapackage`). What builds these and our own package is locked too and comes first, hence no build isolation.
pip = .venv/bin/python -m pip install --quiet --disable-pip-version-check
.venv/.stamp-dev: requirements/build.txt requirements/dev.txt pyproject.toml
	@$(has_python)
	@echo '准备运行环境 .venv（首次约一分钟） · setting up .venv (about a minute the first time)'
	@.venv/bin/python -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(pip) --require-hashes --only-binary :all: -r requirements/build.txt
	@$(pip) --require-hashes --only-binary :all: --no-binary linear-tsv,unicodecsv \
		--use-pep517 --no-build-isolation -r requirements/dev.txt
	@$(pip) --no-deps --no-build-isolation --editable .
	@touch $@

# On a developer's machine a missing program costs the tests that need it, which say so; in CI it is a failure.
system-packages:
	@scripts/system-packages.sh || [ -z "$$CI" ]

tests/node/node_modules/.stamp: tests/node/package.json tests/node/package-lock.json | system-packages
	@if command -v npm >/dev/null; then cd tests/node && npm ci --ignore-scripts --silent && touch node_modules/.stamp; \
	else echo '没有 npm，略过 Node 校验器 · no npm: without the Node checkers' >&2; [ -z "$$CI" ]; fi
