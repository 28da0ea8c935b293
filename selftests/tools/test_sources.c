// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source that reads files, on folders that fake-host writes: VMs that come, go, or cannot
 * be read. Arguments: the program fake-host.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "numbers.h"
#include "sample.h"
#include "source.h"
#include "tap.h"

static char root[32] = "/tmp/test_sources.XXXXXX";
static const char *fake_host;

__attribute__((format(printf, 1, 2))) static void run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command))
		bail_out("%s", command);
}

static void test_list(struct source *s)
{
	struct vm_list vms = {};

	ok(!source_list(s, &vms) && vms.nr == 3, "three folders are three VMs");
	ok(!strcmp(vms.vm[0].name, "vm000") && !strcmp(vms.vm[2].id, "1020-11") &&
		   vms.vm[1].pid == 1010 && !strcmp(vms.vm[1].process, "qemu-system-x86"),
	   "they have the names of their processes, in order");
	ok(vms.vm[0].nr_vcpus == 12 && vms.vm[0].vcpu[2] == 2 && vms.vm[0].vcpu[11] == 11,
	   "vCPUs are in the order of their numbers");
	run("cd %s && mkdir -- 12 -3 x-1 1-x 99999999999-1 1-2-3 1000-11/vcpu 1000-11/vcpux "
	    "1000-11/vcpu1x 1000-11/vcpu4294967295 1000-11/vcpu99999999999; touch 5",
	    root);
	ok(!source_list(s, &vms) && vms.nr == 3 && vms.vm[0].nr_vcpus == 12,
	   "what is not named as a VM or a vCPU is none; a list replaces the one before");
	vm_list_free(&vms);
	run("cd %s && rmdir 12 -- -3 x-1 1-x 99999999999-1 1-2-3 1000-11/vcpu "
	    "1000-11/vcpux 1000-11/vcpu1x 1000-11/vcpu4294967295 1000-11/vcpu99999999999",
	    root);
}

static void test_read(struct source *s)
{
	struct vm_list vms = {};
	struct complaint why;
	struct table t;

	source_list(s, &vms);
	/* fake-host: 1 VM + 2 + 3, 12 vCPUs, reasons 6 + 5 + ... + 1 */
	ok(!source_read(s, NULL, NO_VCPU, true, &t, &why) && t.scope == SCOPE_HOST &&
		   t.exits == 6 * 12 * 21 && hist_count(t.hist[0]) == t.row[0].n[COUNT],
	   "the host's table and its histogram are read");
	ok(t.began > 1e9 && t.time > 0, "with the times of its file and of the reading");
	table_free(&t);
	ok(!source_read(s, &vms.vm[1], NO_VCPU, false, &t, &why) && t.exits == 2 * 12 * 21 &&
		   !t.hist,
	   "so is a VM's");
	table_free(&t);
	ok(!source_read(s, &vms.vm[1], 11, true, &t, &why) && t.exits == 2 * 21, "and a vCPU's");
	table_free(&t);
	ok(source_read(s, &vms.vm[1], 12, true, &t, &why) == -ENOENT && !t.row,
	   "one that is not: ENOENT");
	run("rm -r %s/1010-11", root);
	ok(source_read(s, &vms.vm[1], NO_VCPU, true, &t, &why) == -ENOENT && !t.row,
	   "a VM that ends between list and read: ENOENT");
	run("rm %s/1020-11/vm_exit_stats_hist", root);
	ok(source_read(s, &vms.vm[2], NO_VCPU, true, &t, &why) == -ENOENT && !t.row,
	   "so is one that ends between table and histogram, and its table is freed");
	run("echo nonsense >%s/1000-11/vm_exit_stats", root);
	ok(source_read(s, &vms.vm[0], NO_VCPU, true, &t, &why) == -EPROTO &&
		   strstr(why.text, "line 1"),
	   "a file that is no table: %s", why.text);
	run("printf '# kvm exit_stats 1 scope=vm\\n10 X 1\\0 2' >%s/1000-11/vm_exit_stats", root);
	ok(source_read(s, &vms.vm[0], NO_VCPU, true, &t, &why) == -EPROTO &&
		   strstr(why.text, "0 byte"),
	   "a file with a 0 in it: %s", why.text);
	vm_list_free(&vms);
}

static void test_sample(struct source *s)
{
	struct sample a;

	run("rm -r %s/*; %s -n 4 %s", root, fake_host, root);
	run("rm %s/1010-11/vcpu1/exit_stats; echo x >%s/1020-11/vm_exit_stats", root, root);
	ok(!sample_take(&a, s, SAMPLE_HOST | SAMPLE_VMS | SAMPLE_VCPUS | SAMPLE_HIST, NULL) &&
		   a.nr == 1 + 4 * 3 - 2 && !sample_find(&a, "1010-11", 1) &&
		   !sample_find(&a, "1020-11", NO_VCPU) && sample_find(&a, "1020-11", 0),
	   "scopes that end, or are no tables, are left out; others are there");
	sample_free(&a);
	ok(!sample_take(&a, s, SAMPLE_VMS | SAMPLE_VCPUS | SAMPLE_HIST, "1000-11") && a.nr == 5 &&
		   sample_find(&a, "1000-11", NO_VCPU)->t.hist &&
		   !sample_find(&a, "1010-11", NO_VCPU)->t.hist,
	   "vCPUs and histograms are read of one VM only, if so wanted");
	sample_free(&a);
}

/* VMs come and go ten times a second while samples are taken. */
static void test_churn(struct source *s)
{
	struct sample then, now, since;
	int bad = 0, vms = 0;
	char command[256];
	FILE *host;

	run("rm -r %s/*; %s %s", root, fake_host, root);
	snprintf(command, sizeof(command), "%s --churn --steps 20 --interval 0.02 %s", fake_host,
		 root);
	host = popen(command, "re");
	if (!host)
		bail_out("%s", command);
	sample_take(&then, s, SAMPLE_HOST | SAMPLE_VMS | SAMPLE_VCPUS, NULL);
	for (int i = 0; i < 40; i++) {
		usleep(15000);
		bad += !!sample_take(&now, s, SAMPLE_HOST | SAMPLE_VMS | SAMPLE_VCPUS, NULL);
		sample_since(&then, &now, &since);
		for (size_t n = 0; n < since.nr; n++)
			bad += since.scope[n].t.exits > 100000;
		vms += now.vms.nr;
		sample_free(&since);
		sample_free(&then);
		then = now;
	}
	sample_free(&then);
	bad += !!pclose(host);
	ok(!bad && vms > 40, "VMs that come and go between samples make no wrong numbers");
}

static void test_unreadable(void)
{
	struct source *s;
	struct vm_list vms = {};
	struct complaint why;
	struct table t;

	run("rm -r %s/*", root);
	s = source_open_files(root);
	ok(!source_list(s, &vms) && !vms.nr, "an empty folder has no VMs");
	ok(source_read(s, NULL, NO_VCPU, false, &t, &why) == -ENOENT, "and no table of the host");
	run("%s -n 1 %s; chmod 755 %s; chmod 0 %s/exit_stats; chmod 0 %s/1000-11", fake_host, root,
	    root, root, root);
	if (seteuid(65534)) {
		skip("who runs this cannot become another user", "folders that cannot be read");
	} else {
		ok(source_read(s, NULL, NO_VCPU, false, &t, &why) == -EACCES,
		   "a file that may not be read");
		ok(!source_list(s, &vms) && vms.nr == 1 && !vms.vm[0].nr_vcpus &&
			   source_read(s, &vms.vm[0], NO_VCPU, false, &t, &why) == -EACCES,
		   "a VM's folder that may not be read");
		if (seteuid(0))
			bail_out("root again");
	}
	vm_list_free(&vms);
	source_close(s);
	run("chmod 755 %s/1000-11; rm -r %s", root, root);
	s = source_open_files(root);
	ok(source_list(s, &vms) == -ENOENT && !vms.nr, "a folder that is not there");
	source_close(s);
	source_close(NULL);
}

static void test_complaints(void)
{
	struct complaint why;

	bpf_keep_warnings();
	bpf_complain(&why, -EPERM);
	ok(!strcmp(why.text, strerror(EPERM)), "BPF that fails without a warning: %s", why.text);
	if (bpf_object__open_file("/no/such/object", NULL))
		bail_out("/no/such/object is there");
	bpf_complain(&why, -EPERM);
	ok(strstr(why.text, "/no/such/object") && strstr(why.text, strerror(EPERM)), "with one: %s",
	   why.text);
	bpf_keep_warnings();
	bpf_complain(&why, -EPERM);
	ok(!strcmp(why.text, strerror(EPERM)), "a warning is not told of the next programs");
}

int main(int argc, char **argv)
{
	struct source *s;

	if (argc < 2 || !mkdtemp(root))
		bail_out("usage: test_sources FAKE-HOST");
	fake_host = argv[1];
	run("%s --vcpus 12 %s", fake_host, root);
	s = source_open_files(root);
	test_list(s);
	test_read(s);
	test_sample(s);
	test_churn(s);
	source_close(s);
	test_unreadable();
	test_complaints();
	return done_testing();
}
