// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats status, set and reset: the modules, their parameters, resets. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "command.h"
#include "errors.h"
#include "json.h"
#include "memory.h"

#define PARAMETERS "/sys/module/kvm/parameters/"

/* What Documentation/abi.md says of each; exit_stats_reset is for the command reset. */
static const struct parameter {
	const char *name; /* behind "exit_stats", with its "_" */
	const char *accepts;
	const char *help;
} parameters[] = {
	{ "", "Y or N", "record exits" },
	{ "_dump_interval", "0 to 4294967295",
	  "exits between two dumps into the kernel log; 0: none" },
	{ "_dump_per_min", "0 to 4294967295",
	  "most dumps in a minute, and as many logged reads; 0: no limit" },
	{ "_cpuid", "off, vm or host", "whose numbers a guest reads by CPUID" },
	{ "_leaf_layout", "default, two-leaf, four-leaf, four-leaf-reversed or by-reason",
	  "which CPUID leaf holds what" },
	{ "_low_first", "Y or N", "leaves have the low half of cycles in EBX" },
	{ "_log_reads", "Y or N", "log what guests read by CPUID" },
};

#define NR_PARAMETERS (sizeof(parameters) / sizeof(*parameters))

/* The first line of a small file without its end; false: it cannot be read. */
static bool read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(buf, size, f);

	if (f)
		fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = '\0';
	return ok;
}

/* Returns 0 or -errno. */
static int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static const struct parameter *parameter(const char *name)
{
	if (!strncmp(name, "exit_stats", 10))
		name += 10;
	for (size_t i = 0; i < NR_PARAMETERS; i++) {
		const char *short_name = parameters[i].name;

		if (!strcmp(name, short_name) || (*short_name && !strcmp(name, short_name + 1)))
			return &parameters[i];
	}
	return NULL;
}

static void parameter_path(const struct parameter *p, char *path, size_t size)
{
	snprintf(path, size, PARAMETERS "exit_stats%s", p->name);
}

/* ---- status */

static bool status_json;

static const char status_doc[] =
	"Say which KVM is loaded, whether it records exits and if not, why; what the package "
	"kvm-exit-stats-modules has built and loaded; whether BPF can count; and the value and the "
	"meaning of each parameter.\v"
	"EXAMPLES:\n"
	"  kvm-exit-stats status\n"
	"  kvm-exit-stats status -f json | jq .parameters";

static const struct argp_option status_options[] = {
	{ "format", 'f', "FORMAT", 0, "text (default) or json", 0 },
	{ 0 },
};

static error_t status_parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'f':
		status_json = !strcmp(arg, "json");
		if (!status_json && strcmp(arg, "text"))
			argp_error(state, "no format '%s': text, json", arg);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': status takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp status_argp = { status_options, status_parse, "",  status_doc,
					 NULL,		 NULL,	       NULL };

static const char *vendor_module(void)
{
	return !access("/sys/module/kvm_intel", F_OK) ? "kvm_intel"
	       : !access("/sys/module/kvm_amd", F_OK) ? "kvm_amd"
						      : NULL;
}

/* What kvm-exit-stats-modules says of the running kernel's modules; "" without that package. */
struct package {
	char loaded[512]; /* what the last load did, or why it did not */
	char state[1024]; /* whether modules are built, or what they wait for */
};

static void read_package(const char *release, struct package *p)
{
	char path[256], version[256] = "", state[512] = "";
	bool ours, ready;

	p->loaded[0] = '\0';
	p->state[0] = '\0';
	read_line("/run/kvm-exit-stats/loaded", p->loaded, sizeof(p->loaded));
	/* The file tells of the last load; the modules can have been removed by hand since then. */
	ours = !access("/sys/module/kvm/parameters/exit_stats", F_OK);
	if (ours != !strncmp(p->loaded, "kvm-exit-stats ", 15))
		p->loaded[0] = '\0';
	snprintf(path, sizeof(path), "/var/lib/kvm-exit-stats/%s/state", release);
	if (read_line(path, state, sizeof(state))) {
		snprintf(path, sizeof(path), "/var/lib/kvm-exit-stats/%s/version", release);
		read_line(path, version, sizeof(version));
	} else {
		snprintf(path, sizeof(path), "/usr/lib/kvm-exit-stats/%s/version", release);
		if (!read_line(path, version, sizeof(version)))
			return;
		snprintf(state, sizeof(state), "installed: %s", version);
	}
	ready = !strncmp(state, "built:", 6) || !strncmp(state, "installed:", 10);
	snprintf(p->state, sizeof(p->state), "%s%s", state,
		 ready && strcmp(version, p->loaded) ? "; loaded at the next boot" : "");
}

static void print_package(const char *release)
{
	struct package p;

	read_package(release, &p);
	if (*p.loaded)
		printf("loaded:  %s\n", p.loaded);
	if (*p.state)
		printf("package: %s\n", p.state);
}

static void print_parameters(void)
{
	char path[128], value[64];

	puts("\nparameters (kvm-exit-stats set NAME VALUE):");
	for (size_t i = 0; i < NR_PARAMETERS; i++) {
		parameter_path(&parameters[i], path, sizeof(path));
		if (read_line(path, value, sizeof(value)))
			printf("  exit_stats%-16s %-10s %s (%s)\n", parameters[i].name, value,
			       parameters[i].help, parameters[i].accepts);
	}
}

static void print_json(int err, const char *release, const struct table *t, size_t vms)
{
	struct json j = { stdout, false };
	char path[128], value[64], name[64];
	struct package package;

	read_package(release, &package);
	json_begin_object(&j, NULL);
	json_put_string(&j, "kernel", release);
	json_put_string(&j, "vendor_module", vendor_module() ? vendor_module() : "");
	if (*package.loaded)
		json_put_string(&j, "package_loaded", package.loaded);
	if (*package.state)
		json_put_string(&j, "package_state", package.state);
	json_put_bool(&j, "counts", err < 0);
	if (err >= 0) {
		json_put_string(&j, "why", error_text(err));
		json_put_string(&j, "hint", error_hint(err));
	} else {
		json_put_uint(&j, "vms", vms);
		json_put_uint(&j, "vcpus", t->vcpus);
		json_put_uint(&j, "exits", t->exits);
		json_put_bool(&j, "tsc_stable", t->tsc_stable);
	}
	json_put_bool(&j, "bpf", bpf_error() < 0);
	if (bpf_error() >= 0)
		json_put_string(&j, "bpf_why", error_text(bpf_error()));
	json_begin_object(&j, "parameters");
	for (size_t i = 0; i < NR_PARAMETERS; i++) {
		parameter_path(&parameters[i], path, sizeof(path));
		snprintf(name, sizeof(name), "exit_stats%s", parameters[i].name);
		if (read_line(path, value, sizeof(value)))
			json_put_string(&j, name, value);
	}
	json_end_object(&j);
	json_end_object(&j);
	putchar('\n');
}

static int run_status(int argc, char **argv)
{
	struct vm_list vms = {};
	struct table t = {};
	struct utsname kernel;
	struct source *s;
	int err;

	parse_arguments(&status_argp, argc, argv);
	uname(&kernel);
	err = host_error();
	if (err < 0) {
		s = source_open_files(NULL);
		common_vms(s, &vms);
		common_read(s, NULL, NO_VCPU, false, &t);
		source_close(s);
	}
	if (status_json) {
		print_json(err, kernel.release, &t, vms.nr);
	} else {
		printf("kernel:  %s\nmodules: kvm%s%s, %s\n", kernel.release,
		       vendor_module() ? ", " : "", vendor_module() ? vendor_module() : "",
		       err == ERR_NO_KVM  ? "not loaded"
		       : err == ERR_STOCK ? "the distribution's"
					  : "kvm-exit-stats");
		print_package(kernel.release);
		if (err >= 0)
			printf("counts:  no: %s\nto resolve this: %s\n", error_text(err),
			       error_hint(err));
		else
			printf("counts:  %llu exits of %llu vCPUs in %zu VMs; TSC %s, %.3f GHz\n",
			       (unsigned long long)t.exits, (unsigned long long)t.vcpus, vms.nr,
			       t.tsc_stable ? "stable" : "unstable: times are not reliable",
			       t.tsc_khz / 1e6);
		if (bpf_error() < 0)
			puts("by BPF:  possible (--source bpf)");
		else
			printf("by BPF:  no: %s\n", error_text(bpf_error()));
		if (err != ERR_NO_KVM && err != ERR_STOCK)
			print_parameters();
	}
	table_free(&t);
	vm_list_free(&vms);
	return err >= 0 ? error_status(err) : 0;
}

const struct command cmd_status = {
	"status",
	"which KVM is loaded, whether it counts, its parameters",
	&status_argp,
	run_status,
};

/* ---- set */

static const char *set_args[2];

static const char set_doc[] =
	"Set a parameter of the loaded modules, now and while VMs run. Without a value print it.\v"
	"NAME may leave out the beginning exit_stats_. To set a parameter for each load, write it "
	"into a file in /etc/modprobe.d.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats set dump_interval 0\n"
	"  kvm-exit-stats set cpuid off\n"
	"  kvm-exit-stats set exit_stats N";

static error_t set_parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "'%s': set takes a name and a value", arg);
		set_args[state->arg_num] = arg;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which parameter? kvm-exit-stats status lists them");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp set_argp = { NULL, set_parse, "NAME [VALUE]", set_doc, NULL, NULL, NULL };

static void need_ours(void)
{
	int err = host_error();

	if (err == ERR_NO_KVM || err == ERR_STOCK)
		fail(err, "%s", error_text(err));
}

static int run_set(int argc, char **argv)
{
	const struct parameter *p;
	char path[128], value[64];
	int err;

	parse_arguments(&set_argp, argc, argv);
	p = parameter(set_args[0]);
	if (!p) {
		fprintf(stderr,
			"kvm-exit-stats: there is no parameter '%s'; there are:", set_args[0]);
		for (size_t i = 0; i < NR_PARAMETERS; i++)
			fprintf(stderr, " exit_stats%s", parameters[i].name);
		fputc('\n', stderr);
		return 2;
	}
	need_ours();
	parameter_path(p, path, sizeof(path));
	if (set_args[1]) {
		err = write_line(path, set_args[1]);
		if (err == -EACCES)
			fail(ERR_NOT_ROOT, "only root may set exit_stats%s", p->name);
		if (err == -EINVAL || err == -ERANGE)
			fail(ERR_OTHER, "exit_stats%s does not take '%s' (%s); it takes %s",
			     p->name, set_args[1], strerror(-err), p->accepts);
		if (err)
			fail(ERR_OTHER, "exit_stats%s cannot be set: %s", p->name, strerror(-err));
	}
	if (!read_line(path, value, sizeof(value)))
		fail(ERR_OTHER, "%s: %s", path, strerror(errno));
	printf("exit_stats%s = %s\n", p->name, value);
	return 0;
}

const struct command cmd_set = {
	"set",
	"change a parameter of the modules",
	&set_argp,
	run_set,
};

/* ---- reset */

static struct {
	const char *vm;
	int vcpu;
	bool host;
} reset_env = { .vcpu = NO_VCPU };

static const char reset_doc[] =
	"Reset the numbers of a vCPU, of a VM and its vCPUs, or of the host with all VMs.\v"
	"A reset of a vCPU leaves the counts of its VM and of the host as they are; a reset of a "
	"VM leaves those of the host. To see what happens in ten seconds no reset is needed: "
	"kvm-exit-stats show 10 1.\n\n"
	"EXAMPLES:\n"
	"  kvm-exit-stats reset --vm web\n"
	"  kvm-exit-stats reset --vm web --vcpu 0\n"
	"  kvm-exit-stats reset --host";

static const struct argp_option reset_options[] = {
	{ "vm", 'V', "VM", 0, "Name, UUID, folder or process of a VM", 0 },
	{ "vcpu", 'c', "N", 0, "One vCPU of that VM", 0 },
	{ "host", 'a', NULL, 0, "The host, all VMs and all vCPUs", 0 },
	{ 0 },
};

static error_t reset_parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'V':
		reset_env.vm = arg;
		break;
	case 'c':
		reset_env.vcpu = parse_vcpu(arg, state);
		break;
	case 'a':
		reset_env.host = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': use --vm '%s'", arg, arg);
		break;
	case ARGP_KEY_END:
		if (reset_env.host == !!reset_env.vm)
			argp_error(state, "say which: --vm VM or --host");
		if (reset_env.vcpu != NO_VCPU && !reset_env.vm)
			argp_error(state, "--vcpu needs --vm");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp reset_argp = {
	reset_options, reset_parse, "", reset_doc, NULL, NULL, NULL
};

static int reset_vm(void)
{
	struct vm_list vms = {};
	const struct vm *vm;
	struct source *s;
	char path[4096];
	int err;

	s = origin_open(&(struct origin){ .source = ORIGIN_FILES });
	common_vms(s, &vms);
	vm = common_vm(&vms, reset_env.vm);
	if (reset_env.vcpu == NO_VCPU)
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/vm_exit_stats_reset",
			 vm->id);
	else
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/vcpu%d/exit_stats_reset",
			 vm->id, reset_env.vcpu);
	err = write_line(path, "1");
	if (err == -ENOENT && reset_env.vcpu != NO_VCPU)
		fail(ERR_NO_VM, "%s has no vCPU %d", vm->name, reset_env.vcpu);
	vm_list_free(&vms);
	source_close(s);
	return err;
}

/* The parameter takes it and resets nothing where nothing is counted. */
static int reset_host(void)
{
	int err = vendor_module() ? host_error() : ERR_NO_VENDOR;

	if (err == ERR_NO_VENDOR || err == ERR_NO_HOOKS)
		fail(err, "%s", error_text(err));
	return write_line(PARAMETERS "exit_stats_reset", "1");
}

static int run_reset(int argc, char **argv)
{
	int err;

	parse_arguments(&reset_argp, argc, argv);
	need_ours();
	err = reset_env.host ? reset_host() : reset_vm();
	if (err == -EACCES)
		fail(ERR_NOT_ROOT, "only root may reset");
	if (err == -EPERM)
		fail(ERR_LOCKED, "the kernel is locked down and refuses to reset a VM");
	if (err == -ENODEV)
		fail(ERR_NO_HOOKS, "nothing is counted there, so nothing can be reset");
	if (err)
		fail(ERR_OTHER, "nothing was reset: %s", strerror(-err));
	return 0;
}

const struct command cmd_reset = {
	"reset",
	"reset the numbers of a VM, a vCPU or the host",
	&reset_argp,
	run_reset,
};
