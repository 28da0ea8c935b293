/* SPDX-License-Identifier: GPL-2.0-only */
/* What a detail of an exit is called: a port, an MSR, a page. */
#ifndef DETAIL_H
#define DETAIL_H

#include "bpf/drill.h"
#include "table.h"

/* What tells the exits of a reason apart. */
enum drill_by detail_by(bool svm, int64_t reason);

/* The bits of an exit qualification that tell exits apart. */
uint64_t detail_mask(int64_t reason);

/* Length of the instruction, if KVM has already advanced RIP past it; else 0. */
unsigned int detail_instruction(bool svm, int64_t reason);

/* What tells them apart, in words: "port", "guest-physical address". */
const char *detail_by_text(enum drill_by by);

/*
 * Fills id and name of a row: "0x608" and "read 4 B, ACPI PM timer". @slot: of the VM's
 * memory, -1: none.
 */
void detail_text(struct row *row, bool svm, int64_t reason, const struct drill_key *key, int slot);

#endif
