# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. Every target installs the packages that it needs, builds only what is
# stale, and keeps what it fetches and builds in build/.

# The kernel: a release (KREL=), or a series of kernel/series (KERNEL=), whose tested release
# is taken. Without either the first series.
KREL ?=
export KREL

# HOST is the CPU of the emulated host: vmx (VT-x) or svm (AMD-V). Some shells have variables
# named KERNEL and HOST too, so only those given to make count.
KERNEL :=
HOST := vmx
export KERNEL HOST

# Parameters for "make load", such as "kvm.exit_stats_dump_interval=0".
ARGS ?=
# Parts of selftests/bench/bench for "make bench", such as "listing" or "exits peers".
PARTS ?=

# load and unload change the whole machine and run as root.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.DEFAULT_GOAL := help

# "##@" begins a group of the list, "##" describes a target.
.PHONY: help
help:
	@echo 'usage: make TARGET [KERNEL=SERIES | KREL=RELEASE] [HOST=vmx|svm]'
	@sed -n -e 's/^##@ \(.*\)/\1/p' -e 's/^\([a-z-]*\):.*## \(.*\)$$/\1\t\2/p' \
		$(firstword $(MAKEFILE_LIST)) | \
	while IFS='	' read -r target text; do \
		if [ -n "$$text" ]; then printf '  %-14s %s\n' "$$target" "$$text"; \
		else echo "$$target:"; fi; \
	done

##@ Look at it, in an emulated host

.PHONY: demo
demo: modules tools ## the three places, with a Linux guest; 2 minutes
	@scripts/setup build tools host
	@scripts/demo/demo

.PHONY: lab
lab: modules tools ## a prompt in the host and one in its guest
	@scripts/setup build tools host
	@scripts/lab/lab

##@ Use it on this machine

# Always for the running kernel, whatever KERNEL and KREL say.
.PHONY: load
load: ## replace KVM's modules by ours (ARGS="kvm.NAME=VALUE ...")
	@scripts/setup build
	@KREL=$$(uname -r) tools/modules/kernel-build
	@$(SUDO) tools/modules/load $(ARGS)

.PHONY: unload
unload: ## put the distribution's modules back
	@$(SUDO) tools/modules/unload

.PHONY: install
install: tools ## install the command kvm-exit-stats (DESTDIR=, prefix=)
	@$(MAKE) -s --no-print-directory -C tools/kvm-exit-stats install

.PHONY: uninstall
uninstall: ## remove it again
	@$(MAKE) -s --no-print-directory -C tools/kvm-exit-stats uninstall

##@ Test and measure it

.PHONY: check
check: modules tools selftests ## all tests; 40 minutes
	@scripts/setup build tools host unit page
	@scripts/check

.PHONY: check-quick
check-quick: modules tools selftests ## unit tests, and the fast tests with AMD-V; 2 minutes
	@scripts/setup build tools host unit
	@scripts/check -q

.PHONY: check-long
check-long: modules tools selftests ## the long forms of stress and load tests
	@scripts/setup build tools host unit fuzz
	@scripts/check -l

.PHONY: check-debug
check-debug: tools selftests ## on kernels with KASAN, lockdep and KCSAN
	@scripts/setup build tools host debug
	@scripts/check-debug

.PHONY: check-mutants
check-mutants: ## does a test notice each fault of selftests/mutants? 2 hours
	@scripts/setup build tools host
	@scripts/check-mutants

.PHONY: matrix
matrix: tools selftests ## the tests on every kernel series, VT-x and AMD-V
	@scripts/setup build tools host
	@scripts/matrix

.PHONY: bench
bench: modules tools ## what an exit costs (PARTS="PART ...")
	@scripts/setup build tools host bench
	@selftests/bench/bench $(PARTS)

# Two minutes of it, for CI.
.PHONY: bench-check-quick
bench-check-quick: modules
	@scripts/setup build tools host
	@selftests/bench/bench quick

##@ Work on it

.PHONY: modules
modules: ## build kvm.ko, kvm-intel.ko and kvm-amd.ko
	@scripts/setup build
	@tools/modules/kernel-get "$$(scripts/which-kernel)" headers source image
	@tools/modules/kernel-build

.PHONY: tools
tools: ## build the command and the guest's reader
	@scripts/setup tools
	@echo '  build the tools'
	@$(MAKE) -s --no-print-directory -C tools

.PHONY: selftests
selftests: modules
	@scripts/setup tools
	@tools/modules/kernel-get $$(scripts/which-kernel first) source
	@echo '  build the tests'
	@$(MAKE) -s --no-print-directory -C selftests/host

.PHONY: hooks
hooks: ## make kernel/hooks/*.patch from hooks.cocci
	@scripts/setup build lint
	@scripts/hooks

.PHONY: lint
lint: ## checkpatch, sparse, shellcheck, clang-format, stale figures
	@scripts/setup build tools lint
	@scripts/lint

.PHONY: pages
pages: modules tools ## run the lab's page, put all output into the pages
	@scripts/setup build tools host
	@scripts/lab/page
	@scripts/paste-output

.PHONY: picture
picture: modules tools ## Documentation/report.png: a report of two guests in an emulated host
	@scripts/setup build tools host page picture
	@scripts/picture/picture

.PHONY: deb
deb: ## Debian packages: the command, the modules, metrics
	@scripts/setup tools deb
	@tools/packaging/build-deb

.PHONY: deb-modules
deb-modules: ## the modules for one kernel as a package (KREL=RELEASE)
	@scripts/setup build deb
	@tools/packaging/build-deb-modules

.PHONY: check-deb
check-deb: deb ## install and purge them in a chroot; 5 minutes
	@tools/packaging/check-deb

.PHONY: check-system
check-system: modules tools deb ## and use them on a whole Debian host, with reboots; 1 hour
	@scripts/setup build tools host deb system
	@scripts/system/check-system

# Nothing that a page quotes may be older than what it depends on.
.PHONY: release
release: lint ## a tarball, if lint is green and no figure is stale
	@scripts/paste-output --stale
	@version=$$(git describe --always) && \
	git archive --prefix="kvm-exit-stats-$$version/" -o "build/kvm-exit-stats-$$version.tar.gz" HEAD && \
	echo "build/kvm-exit-stats-$$version.tar.gz"

.PHONY: setup
setup:
	@scripts/setup

.PHONY: clean
clean:
	rm -rf build/modules build/log build/kernel/*/tree*
	@for folder in tools selftests/host selftests/unit selftests/stress selftests/bench/cost selftests/bench/native; do \
		$(MAKE) --no-print-directory -C $$folder clean || exit; \
	done

.PHONY: distclean
distclean: ## remove build/
	$(if $(wildcard build/chroot build/system),$(SUDO)) rm -rf build
