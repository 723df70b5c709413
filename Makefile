# Two commands for a new machine with Python 3.11: `make demo` and `make test`. Each does all of its own set-up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test coverage test-crash engines test-cluster test-llama lint type lock clean

demo: .venv/installed  ## the whole job on the packaged model and embedder; leaves demo/ to look at
	@rm -rf demo
	@$(BIN)/persona-hub build --input 'examples/corpus/*' --output demo --use_case all
	@$(BIN)/persona-hub export --hub demo --format jsonl,parquet
	@$(BIN)/persona-hub evaluate --hub demo --output demo/report

# A file's tests share what they set up, so a file goes to one process, the longest first (tests/longest.py; by itself
# xdist begins with those of most tests, and ends with the longest). A third of its time a test waits for a server or another
# process, so three keep two cores busy.
PROCESSES ?= 3
XDIST := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

test: .venv/installed-dev  ## a quarter of an hour on two cores; at its end stands what was skipped, and why
	@echo "some thousands of tests, a quarter of an hour on two cores; a dot is a test that passed, s one that was skipped"
	@test -d "$$PERSONA_HUB_DATA" || echo "PERSONA_HUB_DATA names no folder: the tests on real data are skipped"
	$(BIN)/pytest $(XDIST)

coverage: .venv/installed-dev  ## the same with how much of the code they run, and its floor; a third slower
	$(BIN)/pytest $(XDIST) --cov --cov-report=term

test-crash: .venv/installed-dev  ## the long drills: kill -9 and Ctrl-C with every store, one worker process and two
	PERSONA_HUB_DRILLS=1 $(BIN)/pytest tests/crash tests/store/test_redis.py tests/failures/test_moods.py

engines: .venv/installed-dev  ## fetches what test-cluster runs on: Flink, Beam's job server, Prism; and Java, Maven and Go
	.ci/packages java=default-jre-headless mvn=maven go=golang-go redis-server=redis-server
	$(BIN)/python -m tests.cluster.engines

# Two processes: one waits for Flink most of its time, and the other runs meanwhile what needs no cluster.
test-cluster: engines  ## on a real Flink cluster, Prism, a job server, by Dataflow's launcher; nothing skips
	CI=true PERSONA_HUB_DATA=$${PERSONA_HUB_DATA:-../shared/data} $(BIN)/pytest -m cluster -n 2 --dist loadgroup --durations=20 tests/cluster tests/jobs

test-llama: .venv/installed-dev  ## asks a small model on llama.cpp's own server, both fetched here (130 MB); nothing skips
	$(BIN)/python -m tests.servers.llama.weights
	CI=true $(BIN)/pytest -m llama --durations=10 tests/llama

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: .venv/installed-dev
	$(BIN)/mypy

# uv installs the lock in seconds; its own version is the only thing taken from outside the lock. It compiles what it
# installs, as pip does: else each process does it again where Python is told not to write what it compiles (2 s a start).
export UV_COMPILE_BYTECODE := 1

.venv/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@touch $@

.venv/installed: requirements.txt setup.py | .venv/uv
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed .venv/installed-readers
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# What others read our files with, in a folder that tests/helpers/readers.py alone puts on the path: they bring pandas, and
# where that is installed `import apache_beam` takes twice the time, in each of a thousand processes of the tests.
.venv/installed-readers: export UV_COMPILE_BYTECODE = 0
.venv/installed-readers: requirements-readers.txt .venv/installed
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target .venv/readers --require-hashes -r requirements-readers.txt
	@touch $@

LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --universal --no-annotate --generate-hashes \
	--custom-compile-command 'make lock'

lock: | .venv/uv  ## after a change of setup.py or requirements-*.in
	$(LOCK) setup.py -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-readers.in -o requirements-readers.txt \
		$$(sed -n 's/==.*//; s/^[a-z]/--no-emit-package=&/p' requirements.txt requirements-dev.txt)

clean:
	rm -rf .venv demo build dist *.egg-info
