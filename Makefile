# `make` alone lists the commands.
SHELL := /bin/bash
GO ?= go
BIN := bin/plumbline

.PHONY: help build demo test soak quality weights bench lint clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

build: ## build bin/plumbline
	$(GO) build -trimpath -o $(BIN) ./cmd/plumbline

demo: build ## a living shop with sandboxes of all vendors on SQLite; prints where to look
	./$(BIN) demo

test: ## everything that must hold: both engines, race detector, linters, a short simulation
	./scripts/test

soak: ## thousands of seeds and the kill tests; takes hours
	./scripts/soak

quality: ## score the matcher on the labelled sets and write docs/quality.md
	$(GO) test -count=1 -v -run TestTheMatcherHoldsItsFloors ./internal/dedupe -quality.write=$(CURDIR)/docs/quality.md

weights: ## estimate the matcher's weights anew from the labelled sets, without their labels
	$(GO) test -count=1 -run TestTheBuiltInWeightsAreThoseOfTheSets ./internal/dedupe -weights.write=$(CURDIR)/internal/match/tables/weights.csv

bench: build ## the standing benchmarks, as JSON
	./$(BIN) bench --json

lint: ## vet and staticcheck
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

clean: ## take away what was built
	rm -rf bin demo
