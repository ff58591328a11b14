# The one front door. `make demo` and `make test` set the machine up themselves; everything lands in artifacts/.

SHELL         := /bin/bash
CONFIGURATION ?= Release
ARTIFACTS     := $(CURDIR)/artifacts
AGENT_ARCHIVE := $(ARTIFACTS)/telelaunch-agent.oci.tar
DOTNET        := dotnet
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_NOLOGO = 1
export AGENT_IMAGE IMAGE_NGINX IMAGE_PYTHON IMAGE_POSTGRES IMAGE_REDIS

.PHONY: help setup build shim command playground agent-image dotnet-programs check-import test unit c-test e2e e2e-playground bench fuzz format format-check demo clean

help:           ## this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup:          ## install by apt what a fresh Debian 12 lacks (idempotent)
	@integration/setup

build: shim command playground ## the command, the shim beside it, the playground: artifacts/

shim:           ## artifacts/libtelelaunch.so (glibc and musl), arm64 and macOS builds beside it
	@$(MAKE) --no-print-directory -C native-shim OUT=$(ARTIFACTS) all arm64 macos

command:        ## artifacts/telelaunch, NativeAOT, and Telelaunch.StartupHook.dll beside it
	@$(DOTNET) publish src/Telelaunch.Cli -c $(CONFIGURATION) -r linux-x64 -o $(ARTIFACTS)/.command --nologo -v quiet
	@install -m 755 $(ARTIFACTS)/.command/telelaunch $(ARTIFACTS)/telelaunch
	@install -m 644 $(ARTIFACTS)/.command/Telelaunch.StartupHook.dll $(ARTIFACTS)/Telelaunch.StartupHook.dll

playground:     ## artifacts/playground, a cluster on one machine
	@$(DOTNET) publish integration/Telelaunch.Playground -c $(CONFIGURATION) -o $(ARTIFACTS)/.playground --nologo -v quiet
	@ln -sfn .playground/playground $(ARTIFACTS)/playground

agent-image: $(AGENT_ARCHIVE) ## artifacts/telelaunch-agent.oci.tar, an OCI archive made without Docker

$(AGENT_ARCHIVE): $(shell find src/Telelaunch.Agent src/Telelaunch.Restorer src/Telelaunch.Cluster src/Telelaunch.Mux src/Telelaunch.Net src/Telelaunch.Linux -type f -not -path '*/obj/*' -not -path '*/bin/*' 2>/dev/null)
	@src/Telelaunch.Agent/image/build-image

dotnet-programs: ## artifacts/dotnet/, what the tests of .NET programs start
	@integration/dotnet/publish

check-import: $(AGENT_ARCHIVE) ## a real containerd imports the archive and runs it restricted (root)
	@src/Telelaunch.Agent/image/check-import

format-check:   ## fails where the formatters would change something
	@$(DOTNET) format whitespace Telelaunch.sln --verify-no-changes
	@$(MAKE) --no-print-directory -C native-shim format-check

format:         ## let the formatters change it
	@$(DOTNET) format whitespace Telelaunch.sln
	@$(MAKE) --no-print-directory -C native-shim format

c-test:         ## the shim's own tests: x64, musl, arm64 under qemu-user; with sanitizers; fuzzers
	@tests/run c

unit: shim      ## the unit tests
	@tests/run unit

fuzz:           ## hostile input with fresh seeds: make fuzz [SECONDS=60] [TARGET=mux-client] [INPUT=BASE64 or, for shim-…, FILE]
	@tests/fuzz "$(or $(SECONDS),60)" "$(TARGET)" "$(INPUT)"

test: setup     ## everything: format, C tests, unit tests, end-to-end on the playground; ends with the summary
	@tests/run all

e2e: build dotnet-programs ## end-to-end tests on any cluster: make e2e KUBECONFIG=F [AGENT_IMAGE=… IMAGE_NGINX=… IMAGE_PYTHON=… IMAGE_POSTGRES=… IMAGE_REDIS=…]
	@test -n "$(KUBECONFIG)" || { echo "e2e: no KUBECONFIG given; try: make e2e KUBECONFIG=~/.kube/config" >&2; exit 2; }
	@tests/run e2e "$(KUBECONFIG)"

e2e-playground: build agent-image dotnet-programs ## the same on the playground
	@tests/run e2e-playground

bench: build agent-image ## measure Telelaunch and its peers side by side: make bench [KUBECONFIG=F] [BENCH='--quick --only bulk --markdown FILE']
	@integration/setup bench
	@$(DOTNET) build integration/Telelaunch.Bench -c $(CONFIGURATION) --nologo -v quiet
	@integration/Telelaunch.Bench/bin/$(CONFIGURATION)/net10.0/Telelaunch.Bench $(if $(filter command,$(firstword $(origin KUBECONFIG))),--kubeconfig $(KUBECONFIG)) $(BENCH)

demo: setup     ## bring up the playground and run curl in its network
	@$(MAKE) --no-print-directory build agent-image
	@integration/demo

clean:          ## take the playground down and remove what was built
	@[ ! -x $(ARTIFACTS)/playground ] || $(ARTIFACTS)/playground down
	@rm -rf $(ARTIFACTS)
	@find . -type d \( -name bin -o -name obj \) -not -path './.git/*' -prune -exec rm -rf {} +
