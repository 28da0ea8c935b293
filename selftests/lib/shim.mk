# SPDX-License-Identifier: GPL-2.0-only
#
# Rules for builds of exit_stats' sources in user space, with the shim of the kernel's headers.
# A Makefile that includes this sets OUT, and has rules for programs of $(CORE) and $(SHIM)
# that depend on $(SHIM_DEPS).

SHIM_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
SRC ?= $(SHIM_DIR)../../kernel/exit_stats

# All but debugfs.c.
CORE := record user scope snapshot reset shared vendor params cpuid leaf dump limit table \
	reasons_vmx reasons_svm
CORE := $(CORE:%=$(SRC)/%.c)
SHIM := $(addprefix $(SHIM_DIR),shim.c shim_work.c shim_params.c)

# Kernel callbacks have parameters that they do not use.
CFLAGS = -g -std=gnu11 -pthread -Wall -Wextra -Werror -Wno-missing-field-initializers \
	 -Wno-unused-parameter
CPPFLAGS = -I$(OUT)/include -I. -I$(SRC) -I$(SHIM_DIR) -D_GNU_SOURCE

# Each header of the kernel that the sources include is the shim.
INCLUDED := $(shell sed -n 's/^\#include [<"]\(.*\)[>"]/\1/p' $(SRC)/*.[ch] | sort -u)
KERNEL_HEADERS := $(filter-out $(notdir $(wildcard $(SRC)/*.h)),$(INCLUDED))
SHIM_DEPS = $(wildcard *.h $(SHIM_DIR)*.h $(SRC)/*.h) $(OUT)/include/stamp

# The sanitizers of gcc 12 cannot map their memory if the kernel randomizes 32 bits of an
# address (vm.mmap_rnd_bits). Run them without randomization, if that is allowed.
FIXED := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.DEFAULT_GOAL := all

$(OUT)/include/stamp: Makefile $(SHIM_DIR)shim.mk $(wildcard $(SRC)/*.[ch])
	@mkdir -p $(addprefix $(OUT)/include/,$(sort $(dir $(KERNEL_HEADERS))))
	@for h in $(KERNEL_HEADERS); do echo '#include "shim.h"' >$(OUT)/include/$$h; done
	@touch $@

clean:
	rm -rf $(OUT)

.PHONY: all run clean
