# Each target sets up what it needs in .venv on its first use.
CONFIG ?= configs/digits.yaml
SET_UP = .venv/.thaw-set-up

.PHONY: run test test-slow test-continuous test-newest test-all lint reference bench bench-ingest bench-quality bench-continuous setup clean
run: $(SET_UP)
	.venv/bin/thaw run $(CONFIG)

# Files side by side, a process each: most tests keep one core busy, and hold up to 4 GB.
PYTEST = .venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# All that the papers promise, in at most 20 minutes on 2 cores. TensorFlow takes oneDNN's kernels
# on processors with AVX512-VNNI alone, so what may depend on them is run with and without them.
test: $(SET_UP)
	$(PYTEST) -m "not slow and not kernels"
	TF_ENABLE_ONEDNN_OPTS=0 $(PYTEST) -m "kernels and not slow"
	TF_ENABLE_ONEDNN_OPTS=1 $(PYTEST) -m "kernels and not slow"

# What make test leaves out: runs killed at some fifty moments, recipes, more architectures.
test-slow: $(SET_UP)
	$(PYTEST) -m "slow and not continuous"

# Spans of digits that come over time, with three seeds; at most 15 minutes on 2 cores.
test-continuous: $(SET_UP)
	$(PYTEST) --dist load -m continuous tests/continuous

# make test again, with the newest TFX in a Debian 13 of its own. Root on Linux only.
test-newest:
	scripts/test-newest

test-all: test test-slow test-continuous test-newest

lint: $(SET_UP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy thaw pipeline components modules data tests benchmarks docs

# What is generated from the code: the table of all keys, and the JSON Schemas.
reference: $(SET_UP)
	.venv/bin/python -m docs.config_reference
	.venv/bin/thaw schema config > docs/schema/config.json
	.venv/bin/thaw schema summary > docs/schema/summary.json

bench: $(SET_UP)
	.venv/bin/python -m benchmarks.speed
	.venv/bin/python -m benchmarks.sign_language

bench-ingest: $(SET_UP)
	.venv/bin/python -m benchmarks.ingest
	.venv/bin/python -m benchmarks.memory

bench-quality: $(SET_UP)
	.venv/bin/python -m benchmarks.quality
	.venv/bin/python -m benchmarks.quality_page

bench-continuous: $(SET_UP)
	.venv/bin/python -m benchmarks.continuous
	.venv/bin/python -m benchmarks.spans

setup: $(SET_UP)

$(SET_UP): requirements/thaw.lock setup.py scripts/setup
	scripts/setup
	@touch $@

clean:
	rm -rf .venv .uv .thaw .userland .pytest_cache .mypy_cache .ruff_cache *.egg-info
