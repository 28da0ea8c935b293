// SPDX-License-Identifier: GPL-2.0-only
/* A VM that exists until the process is killed. */
#include <unistd.h>

#include "guest.h"

int main(void)
{
	struct vm vm;

	vm_create(&vm, 1);
	guest_cpuid(&vm, 0, 1, 0, 0);
	pause();
	return 0;
}
