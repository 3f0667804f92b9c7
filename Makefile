# What each target needs (npm packages, the Python environment, cluster components) it makes itself, once.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Node 24 comes as an npm package, so that an older Node on the machine does not matter.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# The CPU build is in the npm package; its installer would fetch CUDA libraries.
export ONNXRUNTIME_NODE_INSTALL := skip
# Figures of one group alone, for example: make figures ONLY=foundation
export ONLY

# One stamp for each content of the lock file: an installation that fits is not repeated.
PACKAGES := node_modules/.installed-$(shell cat package-lock.json .npmrc | cksum | tr ' ' '-')

# $(call step,what is done,command): says what it does and how long it took.
define step
@start=$$SECONDS; printf '==> %s\n' "$(1)"; \
if $(2); then printf '==> done in %d s\n' "$$((SECONDS - start))"; \
else code=$$?; printf '==> failed after %d s\n' "$$((SECONDS - start))" >&2; exit $$code; fi
endef

.PHONY: help
help: ## Print this help
	@printf 'Windlass: checked rollouts and instant undo for ONNX models on Kubernetes.\n\n'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nWINDLASS_DATA=FILE_OR_FOLDER trains on real data; without it, data is made up.\n'

.PHONY: demo
demo: packages ## Train, serve, roll out and undo a model on a local cluster
	@node test/demo/main.ts $(ARGS)

.PHONY: test
test: packages python ## Lint, types, unit, integration and end-to-end tests (cold: up to 75 min)
	$(call step,all tests,node test/report/main.ts)

.PHONY: test-unit
test-unit: packages ## Unit tests (under a minute)
	$(call step,unit tests,node test/report/main.ts unit)

.PHONY: test-integration
test-integration: packages ## Tests against a real API server, etcd and S3 server
	$(call step,integration tests,node test/report/main.ts integration)

.PHONY: test-e2e
test-e2e: packages ## Tests on a whole cluster
	$(call step,end-to-end tests,node test/report/main.ts e2e)

.PHONY: test-training
test-training: packages python ## Tests of the training code
	$(call step,tests of the training code,node test/report/main.ts training)

.PHONY: fuzz
fuzz: packages ## Send made-up requests to the runtime (ARGS="--minutes 60 --seed 1", or ARGS=--scanner)
	$(call step,sending bad input,node test/fuzz/main.ts $(ARGS))

.PHONY: lint
lint: packages python ## Linters, formatters and type checkers
	$(call step,linters and type checkers,node test/report/main.ts lint types)

.PHONY: format
format: packages python ## Write every file as the formatters want it
	$(call step,formatting,npm run --silent format && training/.venv/bin/python -m ruff format --quiet training)

.PHONY: figures
figures: packages python ## Measure what is promised, one JSON line each (ONLY=group[/name])
	@node bench/figures.ts

.PHONY: bench
bench: packages python ## Measure the runtime beside its peers, and write docs/performance.md (10 min)
	$(call step,benchmarks,node bench/runtime/table/main.ts)

.PHONY: images
images: packages ## Build the container images (and load them into the test cluster, if it runs)
	$(call step,images,node test/cluster/main.ts images)

.PHONY: crds
crds: packages ## Generate the CRDs, the chart's copies and the API reference
	$(call step,CRDs,npm run --silent crds)

.PHONY: cli
cli: packages ## Build kubectl-windlass into dist/bin
	$(call step,kubectl windlass,node build.ts kubectl-windlass && mkdir -p dist/bin && install -m 755 dist/kubectl-windlass.mjs dist/bin/kubectl-windlass && ln -sf kubectl-windlass dist/bin/kubectl_complete-windlass)
	@printf 'Put it on your PATH: export PATH=%s/dist/bin:$$PATH   (it needs Node 22 or newer)\n' '$(CURDIR)'

.PHONY: cluster-up
cluster-up: packages ## Start the test cluster (kind where Docker or Podman answers, else this machine)
	@node test/cluster/main.ts up

.PHONY: cluster-down
cluster-down: packages ## End the test cluster and leave nothing of it
	$(call step,ending the test cluster,node test/cluster/main.ts down)

.PHONY: clean
clean: ## Remove what was built in this folder (the cluster and the caches outside stay)
	@rm -rf dist .cache .demo
	@printf 'removed dist, .cache and .demo; node_modules and training/.venv stay\n'

# --- set-up ---------------------------------------------------------------------------------------------------------

.PHONY: packages
packages: $(PACKAGES)

# Not "npm ci": it refuses a lock file that was written where some platform's optional packages could not be had.
# The versions are the lock file's either way.
$(PACKAGES):
	@command -v npm >/dev/null || { \
	  printf 'npm is missing: install Node.js 20 or newer (https://nodejs.org, or: apt-get install nodejs npm)\n' >&2; exit 1; }
	@printf '==> installing the npm packages of package-lock.json (about 20 s)\n'
	@npm install --no-save --no-audit --no-fund --no-update-notifier --loglevel=error
	@node --version | grep -q '^v2[4-9]' || { \
	  printf 'node_modules/.bin/node is %s, not Node 24: remove node_modules and try again\n' "$$(node --version)" >&2; exit 1; }
	@rm -f node_modules/.installed-* && touch $@

.PHONY: python
python:
	@sh training/setup.sh
