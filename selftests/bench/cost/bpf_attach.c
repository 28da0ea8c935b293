// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and attaches the programs of a BPF object, says so, and keeps them until
 * it is killed:
 *
 *	bpf_attach OBJECT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_program *prog = NULL;
	struct bpf_object *obj;

	if (argc != 2) {
		fprintf(stderr, "usage: bpf_attach OBJECT\n");
		return 2;
	}
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj || bpf_object__load(obj)) {
		fprintf(stderr, "bpf_attach: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	while ((prog = bpf_object__next_program(obj, prog))) {
		if (!bpf_program__attach(prog)) {
			fprintf(stderr, "bpf_attach: %s: %s\n", bpf_program__name(prog),
				strerror(errno));
			return 1;
		}
	}
	printf("attached\n");
	fflush(stdout);
	pause();
	return 0;
}
