# `make demo` makes a fly-through, a mosaic, a walk and a moving portrait; `make test` passes the tests.
# Both set up what they need: three environments, since Blender and the server want different ones.

PYTHON_SERVER ?= python3.13
PYTHON_BLENDER_5_2 ?= python3.13
PYTHON_BLENDER_4_5 ?= python3.11

SERVER := .venv
BLENDER_5_2 := .venv-blender-5.2
BLENDER_4_5 := .venv-blender-4.5

# Two torch processes that each use every core are many times slower than one thread each.
export OMP_NUM_THREADS ?= 1

# Shares of lines that tests run, in per cent, below which `make test` fails.
SERVER_FLOOR := 94
BLENDER_FLOOR := 90

PYTEST := pytest
# Files of tests are shared out to as many processes; most of a test is waiting for others. Without
# --all, nproc would heed the variable above.
WORKERS ?= $(shell nproc --all)
SPREAD := -n $(WORKERS) --dist loadfile

.PHONY: help setup system-libraries demo docs test test-window test-protocol test-server test-blender test-blender-4.5 \
	test-together torture coverage check format extension benchmarks clean

help:
	@echo "make demo        a scene and a film of a photograph, a mosaic, a walk, a bust that talks, in out/demo"
	@echo "make test        style, types and every test (server, Blender 5.2, Blender 4.5)"
	@echo "make extension   what a release uploads: the extension for every platform, its index, sums, in dist"
	@echo "make docs        the documents as a site, with pictures made for it, in out/site"
	@echo "make benchmarks  speed and exactness, with figures in out/benchmarks"
	@echo "make torture     a server under attack, with figures in out/torture.json"
	@echo "make test-window the extension in a real Blender window, where Blender and Xvfb are found"
	@echo "make setup       only the environments"
	@echo
	@echo "While you work on one house, with its environment only:"
	@echo "make test-protocol, test-server, test-blender"

setup: system-libraries $(SERVER)/ready $(BLENDER_5_2)/ready $(BLENDER_4_5)/ready

system-libraries:
	@tools/system_libraries.sh

$(SERVER)/ready: pyproject.toml protocol/pyproject.toml inference_server/pyproject.toml \
		$(wildcard inference_server/zograscope_server/*/models.toml)
	$(PYTHON_SERVER) -m venv $(SERVER)
	$(SERVER)/bin/pip install --quiet --upgrade pip
	$(SERVER)/bin/pip install --quiet --editable protocol --editable inference_server --group server --group demo
	$(SERVER)/bin/zograscope models fetch
	@touch $@

$(BLENDER_5_2)/ready: pyproject.toml
	$(PYTHON_BLENDER_5_2) -m venv $(BLENDER_5_2)
	$(BLENDER_5_2)/bin/pip install --quiet --upgrade pip
	$(BLENDER_5_2)/bin/pip install --quiet --group blender-5-2
	@touch $@

$(BLENDER_4_5)/ready: pyproject.toml
	$(PYTHON_BLENDER_4_5) -m venv $(BLENDER_4_5)
	$(BLENDER_4_5)/bin/pip install --quiet --upgrade pip
	$(BLENDER_4_5)/bin/pip install --quiet --group blender-4-5
	@touch $@

demo: system-libraries $(SERVER)/ready $(BLENDER_5_2)/ready
	$(SERVER)/bin/python tools/demo.py --output out/demo

# The maker of the theme advertises its successor, unless told not to.
docs: system-libraries $(SERVER)/ready $(BLENDER_5_2)/ready
	$(SERVER)/bin/python -m tools.documentation.pictures --output out/docs/pictures
	NO_MKDOCS_2_WARNING=1 $(SERVER)/bin/python -m mkdocs build

extension: $(BLENDER_5_2)/ready
	$(BLENDER_5_2)/bin/python tools/build_extension.py --output dist
	$(BLENDER_5_2)/bin/python tools/bill_of_materials.py --folder dist

check: $(SERVER)/ready
	$(SERVER)/bin/ruff check .
	$(SERVER)/bin/ruff format --check .
	$(SERVER)/bin/mypy
	$(SERVER)/bin/python tools/release.py --check
	$(SERVER)/bin/python tools/lock_requirements.py --check

format: $(SERVER)/ready
	$(SERVER)/bin/ruff check --fix .
	$(SERVER)/bin/ruff format .

test: setup check
	rm -f .coverage .coverage.*
	$(MAKE) PYTEST="coverage run -m pytest" \
		test-protocol test-server test-blender test-blender-4.5 test-together
	$(MAKE) coverage

test-protocol: $(SERVER)/ready
	$(SERVER)/bin/python -m $(PYTEST) $(SPREAD) tests/protocol

test-server: $(SERVER)/ready
	$(SERVER)/bin/python -m $(PYTEST) $(SPREAD) tests/inference_server tests/training tests/tools

test-blender: $(BLENDER_5_2)/ready
	$(BLENDER_5_2)/bin/python -m $(PYTEST) $(SPREAD) tests/blender_addon

# Not of `make test`, since few computers have what it needs; see CONTRIBUTING.md.
test-window: $(SERVER)/ready $(BLENDER_5_2)/ready
	$(SERVER)/bin/python -m pytest tests/window

# Its Python is too old to be measured quickly. What asks little of Blender, or long, is not asked twice.
ASKED_ONCE := --ignore tests/blender_addon/server_setup \
	--ignore tests/blender_addon/test_wrong_answers.py --ignore tests/blender_addon/test_hostile_server.py \
	--ignore tests/blender_addon/mosaic/test_operators.py \
	$(addprefix --ignore tests/blender_addon/depth/test_,\
		attention.py camera_moves.py cameras.py holes.py limits.py) \
	$(addprefix --deselect tests/blender_addon/test_operators.py::test_,\
		a_job_outlives_its_server a_reopened_file_takes_up_its_job)

test-blender-4.5: $(BLENDER_4_5)/ready
	$(BLENDER_4_5)/bin/python -m pytest $(SPREAD) $(ASKED_ONCE) tests/blender_addon

test-together: $(SERVER)/ready $(BLENDER_5_2)/ready
	$(SERVER)/bin/python -m $(PYTEST) $(SPREAD) tests/end_to_end
	$(SERVER)/bin/python -m pytest -n $(WORKERS) --dist load tests/benchmarks

# Minutes; SEED=1 makes another attack.
torture: $(SERVER)/ready
	$(SERVER)/bin/python -m tools.torture --seed $(or $(SEED),0) --output out/torture.json

# Of what was run before with PYTEST="coverage run -m pytest".
coverage: $(SERVER)/ready
	$(SERVER)/bin/coverage combine --quiet
	$(SERVER)/bin/coverage report --include "protocol/*,inference_server/*" --fail-under $(SERVER_FLOOR)
	$(SERVER)/bin/coverage report --include "blender_addon/*" --fail-under $(BLENDER_FLOOR)

# PHOTOS: three photographs of your own; without any, pictures are drawn.
PHOTOS ?= $(wildcard ../shared/photos/03_*.jpg ../shared/photos/04_*.jpg ../shared/photos/12_*.jpg)
FIGURES := out/benchmarks

benchmarks: setup
	$(SERVER)/bin/pip install --quiet --group benchmarks
	$(SERVER)/bin/python benchmarks/transport.py --output $(FIGURES)/transport.json
	$(SERVER)/bin/python benchmarks/streaming.py --output $(FIGURES)/streaming.json
	$(SERVER)/bin/python benchmarks/depth_memory.py --output $(FIGURES)/depth_memory.json
	$(SERVER)/bin/python benchmarks/second_view.py --output $(FIGURES)/second_view.json
	$(SERVER)/bin/python benchmarks/rest_pose.py $(PHOTOS) --output $(FIGURES)/rest_pose.json
	$(BLENDER_5_2)/bin/python benchmarks/mesh_build.py --output $(FIGURES)/mesh_build.json
	$(BLENDER_5_2)/bin/python benchmarks/timer_ticks.py --output $(FIGURES)/timer_ticks.json
	$(BLENDER_5_2)/bin/python benchmarks/sliders.py --output $(FIGURES)/sliders.json
	$(BLENDER_5_2)/bin/python benchmarks/holes.py $(PHOTOS) --output $(FIGURES)/holes.json
	$(BLENDER_5_2)/bin/python benchmarks/mosaic_tiles.py --output $(FIGURES)/mosaic_tiles.json
	$(SERVER)/bin/python benchmarks/layout_quality.py --output $(FIGURES)/layout_quality.json
	$(SERVER)/bin/python benchmarks/grid_quality.py --output $(FIGURES)/grid_quality.json
	$(SERVER)/bin/python benchmarks/mosaic_memory.py --output $(FIGURES)/mosaic_memory.json
	$(SERVER)/bin/python benchmarks/held_faces.py $(PHOTOS) --output $(FIGURES)/held_faces.json
	$(SERVER)/bin/python benchmarks/faces_in_moves.py $(PHOTOS) --output $(FIGURES)/faces_in_moves.json
	$(SERVER)/bin/python benchmarks/depth_models.py --refined --output $(FIGURES)/depth_models.json
	$(SERVER)/bin/python benchmarks/stereo_cards.py --output $(FIGURES)/stereo_cards.json
	$(SERVER)/bin/python benchmarks/portrait_quality.py --output $(FIGURES)/portrait_quality.json
	$(SERVER)/bin/python benchmarks/portrait_networks.py --output $(FIGURES)/portrait_networks.json
	$(SERVER)/bin/python benchmarks/dream_quality.py --output $(FIGURES)/dream_quality.json --grids $(FIGURES)/dreams
	$(SERVER)/bin/python benchmarks/walk_evenness.py --output $(FIGURES)/walk_evenness.json
	$(SERVER)/bin/python benchmarks/dream_speed.py --output $(FIGURES)/dream_speed.json

clean:
	rm -rf out dist build
