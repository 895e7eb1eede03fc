# Every task of the project. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-test widget package build demo test check test-native test-wasm test-www test-browser pace lighthouse test-examples reference test-arm sizes hostile faults figures bench codes colour several-photos feed million test-spark test-ray train train-figures clean

export CARGO_TARGET_DIR ?= $(CURDIR)/target
TARGET := $(CARGO_TARGET_DIR)
CACHE := $(or $(LOOKALIKE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lookalike)
PRECOMPUTE := $(TARGET)/release/precompute
WIDGET := $(TARGET)/widget
PACKAGE := $(TARGET)/package
DEMO := $(TARGET)/demo
REFERENCES := $(TARGET)/references
TRAINING := $(TARGET)/training

# The photos and the table that `make demo` shows; the sample catalogue if left out. PORT=0 takes a free port.
PHOTOS ?=
ITEMS ?=
PORT ?= 0

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Install what building needs, if it is missing
	@.ci/setup build

setup-test: ## Install what testing needs, if it is missing
	@.ci/setup test

# The wasm toolchain that .ci/setup found; each recipe line that needs it reads it anew.
WASM_ENV = set -a; source $(CACHE)/toolchain.env; set +a; \
	export RUSTC=$$WASM_RUSTC CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$$WASM_LINKER \
	RUSTFLAGS="-Ctarget-feature=+simd128 --remap-path-prefix=$(HOME)=~";

# The wasm modules: each its name, its profile and its features.
MODULES := rank:wasm-rank:rank rank_partitions:wasm-rank:rank,ivf embed:wasm:embed embed_relaxed:wasm:embed,relaxed-simd

widget: setup ## Build what a site hosts: the element, its worker, and the wasm modules
	@echo "widget: the wasm modules (the first time 5 to 10 minutes: they are built for size)"
	@rm -rf $(WIDGET).new && mkdir -p $(WIDGET).new/wasm
	@for module in $(MODULES); do \
		IFS=: read -r name profile features <<< "$$module"; \
		$(WASM_ENV) $$WASM_CARGO build --quiet --locked --profile $$profile --target wasm32-unknown-unknown -p lookalike --lib \
			--no-default-features --features $$features; \
		$$WASM_BINDGEN --target web --no-typescript --remove-name-section --remove-producers-section \
			--out-dir $(WIDGET).new/$$name --out-name $${name%_relaxed} $(TARGET)/wasm32-unknown-unknown/$$profile/lookalike.wasm; \
		mv $(WIDGET).new/$$name/*.wasm $(WIDGET).new/wasm/$${name}_bg.wasm; \
	done
	@cmp $(WIDGET).new/embed/embed.js $(WIDGET).new/embed_relaxed/embed.js # one glue serves both modules
	@mv $(WIDGET).new/{rank/rank,rank_partitions/rank_partitions,embed/embed}.js $(WIDGET).new/wasm
	@rm -r $(WIDGET).new/{rank,rank_partitions,embed,embed_relaxed}
	@mkdir $(WIDGET).new/glue && mv $(WIDGET).new/wasm/*.js $(WIDGET).new/glue
	@source $(CACHE)/toolchain.env; WIDGET=$(WIDGET).new GLUE=$(WIDGET).new/glue $$NODE $$ROLLDOWN --config www/rolldown.config.mjs >/dev/null
	@rm -r $(WIDGET).new/glue
	@if diff -rq $(WIDGET) $(WIDGET).new >/dev/null 2>&1; then rm -rf $(WIDGET).new; \
		else rm -rf $(WIDGET) && mv $(WIDGET).new $(WIDGET); fi

# Modules as they are written, since whoever installs the package bundles them; but for the worker, which bundlers carry along as
# it is.
package: setup-test widget ## Lay out the npm package in target/package, with types and manifest
	@rm -rf $(PACKAGE) && mkdir -p $(PACKAGE)
	@cp www/{define,api}.js www/package.json www/index.d.ts LICENSE-* $(PACKAGE) && cp www/examples/README.md $(PACKAGE)/README.md
	@cp -r www/{page,shared} $(WIDGET)/worker $(WIDGET)/wasm $(PACKAGE) && rm $(PACKAGE)/*/tsconfig.json
	@$(WASM_ENV) $$NODE $$TSC -p www/tsconfig.package.json --outDir $(PACKAGE)
	@$(WASM_ENV) $$NODE www/custom-elements.mjs > $(PACKAGE)/custom-elements.json

test-examples: package ## The package and the examples: packed, installed with npm, built, type-checked
	@$(WASM_ENV) $$NODE tests/examples.mjs $(PACKAGE) $(TARGET)/examples $$TSC

# Cargo builds a dependency once for each set of features that the selected packages ask of it. What tests the program builds it
# together with the tests, so that tract is compiled once; `make demo` does not wait for what tests alone need.
BUILT := -p precompute
test test-native test-browser reference hostile faults: BUILT := --workspace --bin precompute --test cli

build: widget ## Build the precompute program with the widget in it
	@echo "build: the precompute program (the first time 5 to 12 minutes)"
	@LOOKALIKE_WIDGET=$(WIDGET) cargo build --quiet --locked --release $(BUILT)

demo: build ## Embed the sample catalogue (or PHOTOS=folder ITEMS=table.csv) and serve the shop
	@mkdir -p $(DEMO)
	@photos="$(PHOTOS)"; items="$(ITEMS)"; \
	if [ -z "$$photos" ]; then \
		photos=$(DEMO)/sample/photos; items=$(DEMO)/sample/items.csv; \
		[ -f "$$items" ] || $(PRECOMPUTE) sample --out $(DEMO)/sample --count 600 --seed 7; \
	fi; \
	$(PRECOMPUTE) build "$$photos" $${items:+--items "$$items"} --out $(DEMO)/lookalike --images photos; \
	exec $(PRECOMPUTE) serve $(DEMO)/lookalike --photos "$$photos" --port $(PORT)

test: setup-test build check test-native test-wasm test-www test-browser test-examples sizes ## Everything that is tested on every change

check: setup-test ## Formatting, lints, documentation, types of www/
	cargo fmt --all --check
	LOOKALIKE_WIDGET=$(WIDGET) cargo clippy --quiet --locked --release --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --release --no-deps --workspace --document-private-items
	$(WASM_ENV) for part in shared page worker shop; do $$NODE $$TSC -p www/$$part; done

test-native: build ## The crate's and the program's own tests, and the program as a user runs it
	LOOKALIKE_WIDGET=$(WIDGET) cargo test --locked --release --workspace --lib --bins
	LOOKALIKE_WIDGET=$(WIDGET) cargo test --locked --release --workspace --test layering --test cli

test-wasm: setup-test ## The crate's tests in Chromium
	$(WASM_ENV) export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$$WASM_BINDGEN_TEST_RUNNER \
		WASM_BINDGEN_TEST_WEBDRIVER_JSON=$(CURDIR)/tests/wasm/webdriver.json \
		WASM_BINDGEN_TEST_TIMEOUT=300 WASM_BINDGEN_TEST_DRIVER_TIMEOUT=60; \
		$$WASM_CARGO test --locked --profile wasm --target wasm32-unknown-unknown -p lookalike --test wasm

# For machines that are not ARM. In an emulator, half an hour: not a part of the tests.
test-arm: ## The crate's tests on an emulated ARM processor (qemu-user, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)
	@command -v qemu-aarch64 aarch64-linux-gnu-gcc >/dev/null || { echo "install qemu-user, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross first"; exit 1; }
	rustup target add aarch64-unknown-linux-gnu
	CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
		CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
		cargo test --locked --release --target aarch64-unknown-linux-gnu -p lookalike --lib

test-www: setup-test ## The element's own tests in Node
	$(WASM_ENV) $$NODE --test www/tests/*.test.js

# Python's packages, in an environment of their own: $(call VENV,FOLDER,REQUIREMENTS).
VENV = @[ -x $(1)/bin/python ] || python3 -m venv $(1); $(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2)

# Which browsers .ci/setup could not get; told before the tests and after them.
MISSING_BROWSERS = missing=(); [ -n "$${GECKODRIVER:-}" ] || missing+=(firefox); [ -n "$${WEBKIT_DRIVER:-}" ] || missing+=(webkit); \
	tell() { for browser in $${missing[@]+"$${missing[@]}"}; do echo "NOT TESTED in $$browser: it is not there, see make setup-test"; done; };

test-browser: setup-test build ## The element in Chromium, Firefox and WebKit; the shop in Chromium
	$(WASM_ENV) unset RUSTC RUSTFLAGS; $(MISSING_BROWSERS) tell; LOOKALIKE_WIDGET=$(WIDGET) \
		cargo test --locked --release --workspace --test browser -- $${missing[@]/#/--skip ::}; tell

pace: setup-test build ## A page on a slow phone: when products are there, what moves, what stalls; as JSON (Chromium)
	@$(WASM_ENV) unset RUSTC RUSTFLAGS; LOOKALIKE_WIDGET=$(WIDGET) \
		cargo test --quiet --locked --release --workspace --test browser -- --ignored --nocapture pace::pace

# Pinned, and fetched by npm on the first use; not a part of the tests.
LIGHTHOUSE := lighthouse@13.5.0

lighthouse: setup-test build ## What Lighthouse says of the demo shop, in its four categories (Chromium)
	@[ -f $(DEMO)/lookalike/manifest.json ] || { echo "make demo first"; exit 1; }
	@$(WASM_ENV) export CHROME_PATH=$$CHROMIUM; $$NODE tests/lighthouse.mjs $(LIGHTHOUSE) $(PRECOMPUTE) $(DEMO)

reference: setup-test build ## Against ONNX Runtime, OpenCV and scikit-learn (Python, 2 to 4 minutes)
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	$(REFERENCES)/venv/bin/python tests/references/make.py --out $(REFERENCES) --shared ../shared --program $(PRECOMPUTE)
	LOOKALIKE_WIDGET=$(WIDGET) cargo test --locked --release --workspace --test references -- --nocapture --test-threads 1

sizes: setup-test build ## What a page loads, compressed as served, against the budgets
	@$(WASM_ENV) $$NODE tests/sizes.mjs $(WIDGET) $(DEMO)/lookalike

hostile: build ## Thousands of inputs damaged by a seeded generator: none may crash, hang or take memory without end (minutes)
	@LOOKALIKE_MUTATIONS=3400 LOOKALIKE_WIDGET=$(WIDGET) cargo test --quiet --locked --release --workspace --test cli -- --nocapture mutated::

faults: setup-test build ## Every fault that is tried, and what comes of it, as a table (10 minutes)
	@$(WASM_ENV) unset RUSTC RUSTFLAGS; LOOKALIKE_WIDGET=$(WIDGET) $$NODE tests/faults.mjs cargo test --locked --release --workspace

figures: build ## Embed all of ../shared/catalog from nothing: speed, memory and sizes as JSON
	@rm -rf $(TARGET)/figures && mkdir -p $(TARGET)/figures
	@$(PRECOMPUTE) build ../shared/catalog/images --items ../shared/catalog/items.csv \
		--out $(TARGET)/figures/lookalike --json

bench: setup-test build ## The network beside ONNX Runtime and tract, in turns: seconds, ratios and likeness as JSON
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	@LOOKALIKE_WIDGET=$(WIDGET) $(REFERENCES)/venv/bin/python tests/bench/bench.py --work $(TARGET)/bench --out $(TARGET)/bench.json --shared ../shared --program $(PRECOMPUTE) \
		--widget $(WIDGET)

codes: setup-test build ## The codes of three networks' embeddings beside FAISS's and usearch: recall@10 and time as JSON (Python, an hour)
	$(call VENV,$(TARGET)/codes/venv,tests/bench/requirements.txt)
	@LOOKALIKE_WIDGET=$(WIDGET) $(TARGET)/codes/venv/bin/python tests/bench/codes.py --work $(TARGET)/codes --out $(TARGET)/codes.json \
		--shared ../shared --program $(PRECOMPUTE) --widget $(WIDGET)

colour: build ## What the dial from style to colour trades, by its weight, as JSON (Python, a minute)
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	@$(REFERENCES)/venv/bin/python tests/bench/colour.py --program $(PRECOMPUTE) --shared ../shared --work $(TARGET)/colour

several-photos: build ## How often a photo finds its product by one other photo, the nearest of all, and their mean, as JSON (Python, a minute)
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	@$(REFERENCES)/venv/bin/python tests/bench/several_photos.py --program $(PRECOMPUTE) --shared ../shared --out $(TARGET)/several-photos

feed: build ## A feed of 2,000 products with three photos each, fetched, killed three times and resumed, as JSON (Python, five minutes)
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	@$(REFERENCES)/venv/bin/python tests/bench/feed.py --program $(PRECOMPUTE) --work $(TARGET)/feed

million: setup-test build ## A million disturbed products: time, memory, files, recall, and what a query reads, as JSON (half an hour; 12 GB of disk)
	$(call VENV,$(REFERENCES)/venv,tests/references/requirements.txt)
	@$(REFERENCES)/venv/bin/python tests/bench/million.py --program $(PRECOMPUTE) --shared ../shared --work $(TARGET)/million

# Java 17 comes with the system, Spark's 450 MB with pip; not a part of the tests.
test-spark: build ## The Spark job on two executors, with a process, an executor and the driver killed in the middle (Java 17 or later)
	@command -v java >/dev/null || { echo "install a Java runtime first, such as openjdk-17-jre-headless"; exit 1; }
	$(call VENV,$(TARGET)/integrations/venv,tests/integrations/requirements.txt)
	@$(TARGET)/integrations/venv/bin/python tests/integrations/spark.py --program $(PRECOMPUTE) --work $(TARGET)/integrations/spark

test-ray: build ## The recipe for Ray Data with two workers on this machine, with a process killed in the middle
	$(call VENV,$(TARGET)/integrations/ray-venv,tests/integrations/requirements-ray.txt)
	@$(TARGET)/integrations/ray-venv/bin/python tests/integrations/ray_data.py --program $(PRECOMPUTE) --work $(TARGET)/integrations/ray

# PyTorch, for training alone: 5.6 GB.
TRAINING_PYTHON = $(TRAINING)/venv/bin/python

train: build ## Train the default network from ../shared (PyTorch; an hour or two on two cores, goes on where it stopped)
	$(call VENV,$(TRAINING)/venv,precompute/training/requirements.txt)
	$(TRAINING_PYTHON) precompute/training/train.py --shared ../shared --work $(TRAINING)/work
	$(TRAINING_PYTHON) precompute/training/export.py --shared ../shared --work $(TRAINING)/work --out $(TRAINING)/slim.onnx
	$(PRECOMPUTE) model compile $(TRAINING)/slim.onnx --preprocessing torch --weights rans --weight-step 0.3 \
		--components appearance:128:1,semantics:256:1,print:128:3:1.5,kind:128:0.9 -o precompute/slim

SPLIT ?= report

train-figures: ## Figures of the trained network beside its peers, on what it was not trained on (SPLIT=choose or report), as JSON
	$(call VENV,$(TRAINING)/venv,precompute/training/requirements.txt)
	@$(TRAINING_PYTHON) precompute/training/figures.py --shared ../shared --network $(TRAINING)/slim.onnx --split $(SPLIT)

clean: ## Remove what was built
	rm -rf $(TARGET)
