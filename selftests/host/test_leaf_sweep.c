// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID with our modules and with the distribution's: of 768 leaves with many subleaves each
 * only our nine leaves answer differently, and with exit_stats_cpuid=off none.
 *
 *	test_leaf_sweep [-l]
 *
 *	-l	the long form: all subleaves from 0 to 4096
 *
 * Loads the distribution's modules and then ours again: the host's numbers start at 0.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "stats.h"
#include "tap.h"

#define MODULES "/exit-stats/tools/modules/"

#define RANGE	      0x100
#define SWEPT	      (sizeof(ranges) / sizeof(*ranges) * RANGE)
#define MAX_SUBLEAVES 4200

/* Around the leaves of hypervisors, around ours, and above. */
static const uint32_t ranges[] = { 0x40000000, 0x4fffff00, 0x50000000 };

static uint32_t subleaves[MAX_SUBLEAVES];
static int nr_subleaves;

/* From 0 to @last, 4096, the powers of two and their neighbours. */
static void choose_subleaves(uint32_t last)
{
	int nr = 0;

	for (uint32_t i = 0; i <= last; i++)
		subleaves[nr++] = i;
	for (uint32_t i = 7; i < 32; i++) {
		subleaves[nr++] = (1u << i) - 1;
		subleaves[nr++] = 1u << i;
		subleaves[nr++] = (1u << i) + 1;
	}
	subleaves[nr++] = 0xffffffff;
	nr_subleaves = nr;
}

/* FNV-1a, a register at a time. */
static uint64_t add_to_hash(uint64_t hash, const struct cpuid_call *c)
{
	const uint32_t registers[] = { c->eax, c->ebx, c->ecx, c->edx };

	for (int i = 0; i < 4; i++)
		hash = (hash ^ registers[i]) * 0x100000001b3;
	return hash;
}

static uint64_t hash_of_leaf(struct vm *vm, uint32_t leaf)
{
	static struct cpuid_call calls[MAX_CPUID_CALLS];
	uint64_t hash = 0xcbf29ce484222325;
	int nr = 0;

	for (int i = 0; i < nr_subleaves; i++) {
		calls[nr++] = (struct cpuid_call){ leaf, subleaves[i] };
		if (nr < MAX_CPUID_CALLS && i < nr_subleaves - 1)
			continue;
		guest_cpuid_calls(vm, 0, calls, nr);
		while (nr)
			hash = add_to_hash(hash, &calls[--nr]);
	}
	return hash;
}

static uint32_t swept_leaf(int i)
{
	return ranges[i / RANGE] + i % RANGE;
}

/* A hash of the answers of each leaf. */
static void sweep(const char *with, uint64_t *hashes)
{
	struct vm vm;

	vm_create(&vm, 1);
	for (size_t i = 0; i < SWEPT; i++) {
		/* A slow emulator takes long: show that the sweep goes on. */
		if (i % RANGE == 0)
			diag("%s: from leaf %#x, %d subleaves each", with, swept_leaf(i),
			     nr_subleaves);
		hashes[i] = hash_of_leaf(&vm, swept_leaf(i));
	}
	vm_destroy(&vm);
}

static bool is_ours(uint32_t leaf)
{
	return leaf == EXIT_STATS_LEAF_ID || leaf == EXIT_STATS_LEAF_INFO ||
	       (leaf >= EXIT_STATS_LEAF_AVG && leaf <= EXIT_STATS_LEAF_TOTAL);
}

/* In a separate process: the modules cannot be removed while a process has /dev/kvm open. */
static uint64_t *sweep_stock(void)
{
	uint64_t *hashes = mmap(NULL, SWEPT * sizeof(*hashes), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (hashes == MAP_FAILED)
		bail_out("mmap");
	if (system(MODULES "unload >/dev/null"))
		bail_out("unload");
	if (!fork()) {
		sweep("the distribution's modules", hashes);
		_exit(0);
	}
	if (wait(&status) < 0 || status)
		bail_out("the sweep of the distribution's modules");
	if (system(MODULES "load >/dev/null"))
		bail_out("load");
	return hashes;
}

static void check_sweep(const char *mode, const uint64_t *stock)
{
	int ours = 0, others = 0, expected = strcmp(mode, "off") ? 9 : 0;
	static uint64_t hashes[SWEPT];
	char with[40];

	snprintf(with, sizeof(with), "exit_stats_cpuid=%s", mode);
	param_set("exit_stats_cpuid", mode);
	sweep(with, hashes);
	for (size_t i = 0; i < SWEPT; i++) {
		if (hashes[i] == stock[i])
			continue;
		if (is_ours(swept_leaf(i))) {
			ours++;
			continue;
		}
		others++;
		diag("leaf %#x differs", swept_leaf(i));
	}
	ok(ours == expected && !others,
	   "%s: %d of our nine leaves, and no others (%d), answer differently from stock KVM", with,
	   ours, others);
}

static bool lists_a_leaf(int ioctl_nr)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entry[256];
	} c = { .head.nent = 256 };
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	bool found = false;

	if (fd < 0 || ioctl(fd, ioctl_nr, &c))
		bail_out("the list of CPUID leaves");
	for (unsigned int i = 0; i < c.head.nent; i++)
		found |= (c.entry[i].function & ~0xfu) == (EXIT_STATS_LEAF_ID & ~0xfu);
	close(fd);
	return found;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "off", "host", "vm" };
	uint64_t *stock;

	choose_subleaves(argc > 1 && !strcmp(argv[1], "-l") ? 4096 : 127);
	stock = sweep_stock();
	param_set("exit_stats_dump_interval", "0");
	for (int i = 0; i < 3; i++)
		check_sweep(modes[i], stock);
	param_set("exit_stats_dump_interval", "500");
	ok(!lists_a_leaf(KVM_GET_SUPPORTED_CPUID) && !lists_a_leaf(KVM_GET_EMULATED_CPUID),
	   "KVM_GET_SUPPORTED_CPUID and KVM_GET_EMULATED_CPUID list none of our leaves");
	return done_testing();
}
