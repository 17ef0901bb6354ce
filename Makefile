.PHONY: demo test lint types wheel docs clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Files of tests side by side; one more worker is worth little where commands are tested that use two cores.
WORKERS := -n auto --maxprocesses 4 --dist loadfile

# The main job on embedded data: every seed's experiment beside its exact answer.
demo: $(READY)
	$(BIN)/fairbound demo --out demo

# Everything that can be tested on this machine; data tests skip where the data is absent.
test: $(READY)
	$(BIN)/pytest $(WORKERS)

# PYTHON=... names the Python that sets up; else it is the first that .ci/find-python likes.
$(READY): pyproject.toml requirements.lock
	@test -x $(BIN)/pip || { python=$$(.ci/find-python $(if $(PYTHON),"$(PYTHON)")) && \
		echo "setting up $(VENV) with $$python, $$("$$python" --version)" && "$$python" -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src models solvers instances benchmarks
	touch $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy reads an installed copy: the editable install works through an import hook that it cannot follow.
types: $(READY)
	rm -rf build/typed && $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target build/typed .
	cd build/typed && MYPYPATH=. ../../$(BIN)/mypy --config-file ../../pyproject.toml

# A source archive, and the wheel that it builds: nothing left by earlier builds gets in.
wheel: $(READY)
	rm -rf dist && $(BIN)/python -m build --no-isolation

# Warnings are errors: a dead link or anchor, a formula that cannot be drawn, a page that is in no menu; a script or font from elsewhere.
docs: $(READY)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env --jobs auto -d build/doctrees docs site
	! grep -rlE '(src|href)="(https?:)?//[^"]*\.(js|css|woff2?)"' site --include='*.html'

clean:
	rm -rf $(VENV) build dist site demo *.egg-info
