# Everything the project does, in the words of the README. CI runs `make check test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET_DIR)/debug
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tongtang/tools
FUZZ_SECONDS ?= 20
# Where rustup puts cargo; a shell that was open before does not know it yet.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)
say = @printf '\033[1m==>\033[0m %s\n'

.PHONY: help run test check fmt e2e bench bench-full bench-build bench-packages bench-planner bench-timetable fuzz interop build web packages test-packages test-rust test-web release clean types pictures

help: ## what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: build ## install what is missing, build, start the server, print the address to open
	$(say) "starting tongtang (Ctrl-C stops it)"
	@exec $(BIN)/tongtang serve $(ARGS)

test: test-packages build test-rust test-web interop e2e ## every test: Rust, web client, interop, real browsers, a short fuzz
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=4
	$(say) "all tests passed"

check: packages web $(TOOLS)/bin/cargo-deny ## format, lints, licences, tidiness, TypeScript
	$(say) "cargo fmt"
	@cargo fmt --all --check
	$(say) "cargo clippy"
	@cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(say) "cargo deny"
	@$(TOOLS)/bin/cargo-deny --log-level error check bans licenses sources
	$(say) "tidy"
	@.ci/tidy
	@.ci/install-test
	$(say) "web client: lint"
	@cd web-client && npm run --silent lint

fmt: ## format the Rust code
	@cargo fmt --all

build: packages web ## build the three programs and the web client
	$(say) "building the programs (minutes once, seconds afterwards)"
	@cargo build --workspace

release: packages web ## the same, optimised, into target/release
	@cargo build --workspace --release

web: web-client/node_modules/.installed
	$(say) "building the web client"
	@cd web-client && npm run --silent build

web-client/node_modules/.installed: web-client/package-lock.json | packages
	$(say) "installing the web client's packages"
	@cd web-client && npm ci --no-audit --no-fund --silent && touch node_modules/.installed

packages:
	@.ci/install build

test-packages:
	@.ci/install build test

test-rust: test-packages web
	$(say) "Rust tests"
	@cargo test --workspace --quiet

test-web: build
	$(say) "web client tests; its types are the server's own"
	@$(BIN)/tongtang openapi >$(TARGET_DIR)/openapi.json
	@diff -q $(TARGET_DIR)/openapi.json web-client/openapi.json >/dev/null || { echo "web-client/openapi.json is not what the server says: run make types"; exit 1; }
	@cd web-client && npm test --silent

types: build ## write the web client's types anew from the server's OpenAPI document
	@$(BIN)/tongtang openapi >web-client/openapi.json && cd web-client && npm run --silent generate

interop: test-packages build ## GStreamer and aiortc publish and play
	$(say) "interop: GStreamer and aiortc over WHIP and WHEP"
	@TONGTANG_BIN=$(abspath $(BIN)) sfu/tests/interop/run

e2e: test-packages build web-client/e2e/node_modules/.installed ## a whole lesson in real browsers
	$(say) "end to end: a lesson in Chromium and Firefox"
	@cd web-client/e2e && TONGTANG_BIN=$(abspath $(BIN)) npm test --silent

web-client/e2e/node_modules/.installed: web-client/e2e/package-lock.json
	@cd web-client/e2e && npm ci --no-audit --no-fund --silent && touch node_modules/.installed

pictures: test-packages build web-client/e2e/node_modules/.installed ## take the pictures of docs/images anew from a real lesson
	@cd web-client/e2e && TONGTANG_BIN=$(abspath $(BIN)) node pictures.mjs

bench: bench-build ## what a forwarded packet costs, some seven minutes; writes bench/report.json and docs/performance.md
	@$(TARGET_DIR)/release/tongtang-bench --page docs/performance.md $(ARGS)

bench-full: bench-packages bench-build ## the same with every audience from 10 to 3,000 and every scenario, less than half an hour
	@$(TARGET_DIR)/release/tongtang-bench --full --page docs/performance.md $(ARGS)

bench-packages:
	@.ci/install build bench

bench-build: packages
	$(say) "building sfu and bench with the release profile (minutes once, seconds afterwards)"
	@cargo build --quiet --release -p tongtang-sfu -p tongtang-bench

bench-planner: packages ## plans of generated counties, checked by a validator of its own, some ten minutes; writes bench/planner.json
	$(say) "building the planner with the release profile (minutes once, seconds afterwards)"
	@cargo build --quiet --release -p tongtang-bench-planner
	@$(TARGET_DIR)/release/tongtang-bench-planner $(ARGS)

bench-timetable: test-packages ## week pages and conflict checks of a term of 100,000 lessons on both databases, some two minutes; writes bench/timetable.json
	$(say) "building signaling with the release profile (minutes once, seconds afterwards)"
	@cargo build --quiet --release -p tongtang-bench-timetable
	@$(TARGET_DIR)/release/tongtang-bench-timetable $(ARGS)

fuzz: packages ## every parser against random input, FUZZ_SECONDS each
	$(say) "fuzzing each parser for $(FUZZ_SECONDS) s"
	@.ci/fuzz $(FUZZ_SECONDS)

$(TOOLS)/bin/cargo-deny:
	$(say) "installing cargo-deny (once)"
	@cargo install cargo-deny --version 0.20.2 --locked --debug --quiet --root $(TOOLS)

clean: ## remove what was built (recordings in data/ stay)
	@rm -rf target web-client/dist web-client/node_modules web-client/e2e/node_modules
