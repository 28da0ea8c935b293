/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs for tests of the live view: with names of all kinds, two vCPUs and four reasons each. */
#ifndef MODEL_H
#define MODEL_H

#include "sample.h"

/*
 * VM @i has the folder "<1000 + i>-11". VM @costliest costs the most, and of its reasons 49.
 * Freed by model_free().
 */
void model_make(struct sample *s, size_t vms, size_t costliest);
void model_free(struct sample *s);

#endif
