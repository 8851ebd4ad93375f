# Every target is one call of cargo or of a script; `make help` lists them.

LISTEN := $(or $(SLIPWAY_LISTEN),127.0.0.1:3000)
VARIABLES ?= deploy/local/variables.toml
GUESTS := -p tracker -p webhook
TEST_GUESTS := $(GUESTS) -p guest-p2 -p guest-p3
TARGET := $(or $(CARGO_TARGET_DIR),target)
IMAGE ?= slipway:dev
NAMESPACE ?= slipway

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: components ## Serve on http://127.0.0.1:3000 (SLIPWAY_LISTEN moves it), SQLite under .slipway/
	cargo run --release --package slipway -- up --listen $(LISTEN) --state-dir .slipway \
		--sweep-every 5s --max-burst-time 8s --drain-delay 0s --variable @$(VARIABLES)

.PHONY: test
test: ## Every test, installing what it needs
	scripts/test

.PHONY: crash-test
crash-test: components ## Kill replicas while deliveries arrive: on Postgres with two, then on SQLite with one
	cargo build --quiet --workspace
	$(TARGET)/debug/crash-test --database postgres --replicas 2
	$(TARGET)/debug/crash-test --database sqlite --replicas 1

.PHONY: drain-test
drain-test: test-components ## Replace replicas a hundred times under load: no request that was accepted may fail
	cargo build --quiet --workspace
	$(TARGET)/debug/rolling-drain

.PHONY: soak
soak: test-components ## Ten minutes of mixed load with faults: memory and descriptors stay flat
	cargo build --quiet --workspace
	$(TARGET)/debug/soak

.PHONY: rehearse
rehearse: test-components ## Rehearse the chart's releases with good and bad versions: real processes, nginx, Prometheus
	scripts/rehearse

.PHONY: lint
lint: ## Formatting, clippy and dependencies; warnings are errors
	scripts/lint

.PHONY: helm-lint
helm-lint: ## Lint and render the chart, have bad values refused, try its gates' queries
	PATH="$$(scripts/kube-tools):$$PATH" deploy/helm/check

.PHONY: render
render: ## Render every preset and router into target/manifests/
	PATH="$$(scripts/kube-tools):$$PATH" deploy/helm/check $(TARGET)/manifests
	PATH="$$(scripts/kube-tools):$$PATH" deploy/grafana/check $(TARGET)/manifests

.PHONY: dashboards
dashboards: ## Install the dashboards for Grafana's sidecar in MONITORING (monitoring)
	kubectl apply --server-side --namespace $(or $(MONITORING),monitoring) --kustomize deploy/grafana

.PHONY: series-check
series-check: components ## Ask a real Prometheus every expression of dashboards, alerts and gates
	cargo build --quiet --workspace
	PATH="$$(scripts/kube-tools):$$PATH" deploy/series/check

.PHONY: deploy-check
deploy-check: ## Check what lies beside the chart: kustomizations, policies, workflows, kind, examples, guides
	PATH="$$(scripts/kube-tools):$$PATH" deploy/check $(TARGET)/manifests

.PHONY: helm-install
helm-install: ## Install or upgrade the chart: make helm-install VALUES=yours.yaml (NAMESPACE is slipway)
	PATH="$$(scripts/kube-tools):$$PATH" helm upgrade --install slipway deploy/helm/slipway --namespace $(NAMESPACE) --create-namespace \
		--values $(or $(VALUES),$(error VALUES is missing: make helm-install VALUES=yours.yaml))

.PHONY: helm-uninstall
helm-uninstall: ## Take the chart away again; the volume of SQLite and the database stay
	PATH="$$(scripts/kube-tools):$$PATH" helm uninstall slipway --namespace $(NAMESPACE)

.PHONY: docker-build
docker-build: ## Build the image, as slipway:dev (IMAGE names it otherwise)
	docker build --build-arg COMMIT="$$(git rev-parse --short=12 HEAD)" --tag $(IMAGE) .

.PHONY: docker-run
docker-run: ## Serve the image on http://127.0.0.1:3000, open to this machine, with SQLite in the volume slipway
	docker run --rm --read-only --publish 127.0.0.1:3000:3000 --publish 127.0.0.1:9090:9090 \
		--volume slipway:/var/lib/slipway --env SPIN_VARIABLE_OPEN_ACCESS=true $(IMAGE)

.PHONY: kind-up
kind-up: ## Stand everything up in Docker: Argo CD, Argo Rollouts, Prometheus, Postgres, SpinKube, Slipway
	deploy/kind/up

.PHONY: kind-ship
kind-ship: ## Ship a good version and then a broken one there, under traffic
	deploy/kind/ship

.PHONY: grafana
grafana: ## Forward Grafana of the cluster to http://127.0.0.1:3001
	kubectl --namespace monitoring port-forward service/prometheus-grafana 3001:80

.PHONY: prometheus
prometheus: ## Forward Prometheus of the cluster to http://127.0.0.1:9091
	kubectl --namespace monitoring port-forward service/prometheus-operated 9091:9090

.PHONY: argocd
argocd: ## Forward Argo CD of the cluster to http://127.0.0.1:8081
	kubectl --namespace argocd port-forward service/argocd-server 8081:80

.PHONY: rollouts-dashboard
rollouts-dashboard: ## Forward Argo Rollouts' dashboard of the cluster to http://127.0.0.1:3100
	kubectl --namespace argo-rollouts port-forward service/argo-rollouts-dashboard 3100:3100

.PHONY: fmt
fmt: ## Format the sources
	cargo fmt --all

.PHONY: build
build: components ## Build components and shim as they are released
	cargo build --profile dist --package slipway

.PHONY: image-check
image-check: build ## Act out the image's last stage: read-only root, its user, its health check (as root)
	scripts/image-check $(TARGET)/dist/slipway

.PHONY: components
components: ## Build the WebAssembly components
	scripts/wasm-cargo build --quiet --profile component $(GUESTS)

.PHONY: test-components
test-components:
	scripts/wasm-cargo build --quiet --profile component $(TEST_GUESTS)

.PHONY: github
github: ## Play GitHub on http://127.0.0.1:4000 over a git repository under .slipway/
	cargo run --quiet --package tests --bin github-double -- --listen 127.0.0.1:4000 --root .slipway/github \
		--token dev-token --repository acme/gitops

.PHONY: push
push: ## Tell the running webhook that an image was pushed: make push TAG=1.4.2
	cargo run --quiet --package tests --bin send-webhook -- --url http://$(LISTEN)/webhooks/github \
		--secret dev-secret --image ghcr.io/acme/api --tag $(or $(TAG),1.4.2)

.PHONY: bench
bench: ## Requests per second, start-up, memory and a burst of webhooks, as ratios from one run
	bench/run
	bench/postgres
	bench/sidecar
	bench/start
	bench/memory
	bench/burst
