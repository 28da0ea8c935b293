// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints which source line the machine code of each loaded BPF program is from: address,
 * file, line and the line's text, tab separated. Each address begins a line's code.
 *
 *	bpf_lines
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#define MOST_LINES 4096

static int print_lines(int fd)
{
	static struct bpf_line_info lines[MOST_LINES];
	static __u64 addresses[MOST_LINES];
	struct bpf_prog_info info = {
		.nr_line_info = MOST_LINES,
		.line_info = (__u64)(unsigned long)lines,
		.line_info_rec_size = sizeof(*lines),
		.nr_jited_line_info = MOST_LINES,
		.jited_line_info = (__u64)(unsigned long)addresses,
		.jited_line_info_rec_size = sizeof(*addresses),
	};
	__u32 size = sizeof(info);
	struct btf *btf;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!btf)
		return 0; /* compiled without debug information */
	for (__u32 i = 0; i < info.nr_line_info && i < info.nr_jited_line_info; i++) {
		const char *file = btf__str_by_offset(btf, lines[i].file_name_off);
		const char *text = btf__str_by_offset(btf, lines[i].line_off);
		const char *base = strrchr(file, '/');

		printf("%llx\t%s\t%u\t%s\n", addresses[i], base ? base + 1 : file,
		       BPF_LINE_INFO_LINE_NUM(lines[i].line_col), text + strspn(text, " \t"));
	}
	btf__free(btf);
	return 0;
}

int main(void)
{
	__u32 id = 0;
	int fd, err;

	while (!bpf_prog_get_next_id(id, &id)) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue; /* it has gone */
		err = print_lines(fd);
		close(fd);
		if (err) {
			fprintf(stderr, "bpf_lines: program %u: %s\n", id, strerror(-err));
			return 1;
		}
	}
	return 0;
}
