# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. Every target installs what it lacks, builds only what is
# stale, and keeps all that is fetched or built in build/.

# A kernel release to build for or to boot; if not given, what the series KERNEL
# (kernel/series) has today. That is 6.1 if not given.
KREL ?=
export KREL

# What the emulated host of demo and check has: vmx (VT-x) or svm (AMD-V). Some
# shells have variables of these names too: only those given to make count.
KERNEL :=
HOST := vmx
export KERNEL HOST

# Parameters for "make load", such as "kvm.exit_stats_dump_interval=0".
ARGS ?=

# load and unload are for a whole machine, and are run as root.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@echo 'usage: make TARGET [KERNEL=SERIES | KREL=RELEASE] [HOST=vmx|svm]'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
	while IFS='	' read -r target text; do \
		printf '  %-18s %s\n' "$$target" "$$text"; \
	done

.PHONY: setup
setup: ## install the Debian packages that all of this needs
	@scripts/setup

.PHONY: modules
modules: ## build kvm.ko, kvm-intel.ko, kvm-amd.ko for KERNEL or KREL
	@scripts/setup build
	@tools/modules/kernel-build

# Always for the kernel that runs, whatever KERNEL and KREL say.
.PHONY: load
load: ## replace this host's KVM modules by ours (ARGS="kvm.NAME=VALUE ...")
	@scripts/setup build
	@KREL=$$(uname -r) tools/modules/kernel-build
	@$(SUDO) tools/modules/load $(ARGS)

.PHONY: unload
unload: ## put the distribution's KVM modules back
	@$(SUDO) tools/modules/unload

.PHONY: tools
tools: ## build the programs for host and guest
	@scripts/setup tools
	@echo '  build the tools'
	@$(MAKE) -s --no-print-directory -C tools

.PHONY: selftests
selftests: modules ## build the tests that run in an emulated host
	@scripts/setup tools
	@tools/modules/kernel-get $$(scripts/which-kernel first) source
	@echo '  build the tests'
	@$(MAKE) -s --no-print-directory -C selftests/host

.PHONY: demo
demo: modules tools ## show all of it: emulated host, our KVM, a Linux guest
	@scripts/setup build tools host
	@scripts/demo/demo

.PHONY: lab
lab: modules tools ## an emulated host and its guest, with a prompt in each
	@scripts/setup build tools host
	@scripts/lab/lab

.PHONY: lab-page
lab-page: modules tools ## type the commands of Documentation/lab.md, put the answers there
	@scripts/setup build tools host
	@scripts/lab/page

.PHONY: check
check: modules tools selftests ## run all tests in an emulated host
	@scripts/setup build tools host
	@scripts/check

.PHONY: matrix
matrix: tools selftests ## the tests in the host on every kernel and vendor, as a table
	@scripts/setup build tools host
	@scripts/matrix

.PHONY: hooks
hooks: ## place the hooks in KVM's own files: make kernel/hooks/*.patch
	@scripts/setup build lint
	@scripts/hooks

.PHONY: check-quick
check-quick: modules tools selftests ## unit tests, and the fast ones in a host with AMD-V
	@scripts/setup build tools host
	@scripts/check -q

.PHONY: check-long
check-long: modules tools selftests ## run the long forms: stress, concurrency, hostile guests
	@scripts/setup build tools host
	@scripts/check -l

.PHONY: check-debug
check-debug: tools selftests ## on kernels with KASAN, lockdep, KCSAN and the like, AMD-V
	@scripts/setup build tools host debug
	@scripts/check-debug

.PHONY: check-mutants
check-mutants: ## break our code in one place after another: does a test notice?
	@scripts/setup build tools host
	@scripts/check-mutants

# PARTS of selftests/bench/bench, such as "listing" or "exits peers".
PARTS ?=

.PHONY: bench
bench: modules tools ## measure what recording exits costs: all, or PARTS="PART ..."
	@scripts/setup build tools host bench
	@selftests/bench/bench $(PARTS)

.PHONY: bench-check-quick
bench-check-quick: modules ## CPUID exits against their bounds: stock, off, on; three minutes
	@scripts/setup build tools host
	@selftests/bench/bench quick

.PHONY: lint
lint: ## checkpatch, sparse, shellcheck, clang-format and the like
	@scripts/setup build tools lint
	@scripts/lint

.PHONY: clean
clean: ## remove what was built, keep what was fetched
	rm -rf build/modules build/log build/kernel/*/tree*
	@for folder in tools selftests/host selftests/unit selftests/stress selftests/bench/cost selftests/bench/native; do \
		$(MAKE) --no-print-directory -C $$folder clean || exit; \
	done

.PHONY: distclean
distclean: ## remove all of build/
	$(if $(wildcard build/chroot),$(SUDO)) rm -rf build
