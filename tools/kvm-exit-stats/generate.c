// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the man pages and the completions for bash and zsh, from the tables that the
 * program itself uses: commands, their argp options, columns and formats. Run while
 * building; not installed.
 *
 *	generate man FOLDER | bash | zsh
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "errors.h"
#include "memory.h"

const char *argp_program_version = VERSION;

/* ---- walking options */

static bool is_option(const struct argp_option *o)
{
	return o->name || o->key || o->doc;
}

static bool has_letter(const struct argp_option *o)
{
	return o->key > ' ' && o->key < 0x7f;
}

static void each_option(const struct argp *argp, void (*fn)(FILE *f, const struct argp_option *o),
			FILE *f)
{
	for (const struct argp_option *o = argp->options; o && is_option(o); o++)
		fn(f, o);
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		each_option(c->argp, fn, f);
}

static bool has_common(const struct argp *argp)
{
	for (const struct argp_child *c = argp->children; c && c->argp; c++) {
		if (c->argp == &common_argp)
			return true;
	}
	return false;
}

/* ---- man pages */

/* Text for roff: a line must not begin with a dot or a quote; backslash and minus are escaped. */
static void roff(FILE *f, const char *text, size_t len)
{
	bool begins = true;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (begins && (c == '.' || c == '\''))
			fputs("\\&", f);
		if (c == '\\')
			fputs("\\e", f);
		else if (c == '-')
			fputs("\\-", f);
		else
			fputc(c, f);
		begins = c == '\n';
	}
}

static void roff_text(FILE *f, const char *text)
{
	roff(f, text, strlen(text));
}

/* The part of argp's text behind "\v": paragraphs, and lines of examples, indented by two. */
static void man_rest(FILE *f, const char *text)
{
	bool examples = false;

	if (strncmp(text, "EXAMPLES:", 9))
		fputs(".SH NOTES\n", f);
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!strncmp(text, "EXAMPLES:", 9)) {
			fputs(".SH EXAMPLES\n.nf\n", f);
			examples = true;
		} else if (examples && strncmp(text, "  ", 2)) {
			if (len)
				fputs(".fi\n.PP\n", f);
			examples = examples && !len;
			roff(f, text, len);
			fputs(len ? "\n" : "", f);
		} else if (len) {
			roff(f, text, len);
			fputc('\n', f);
		} else if (text[1] && strncmp(text + 1, "EXAMPLES:", 9)) {
			fputs(".PP\n", f);
		}
		text += len;
		text += *text == '\n';
	}
	if (examples)
		fputs(".fi\n", f);
}

static void man_option(FILE *f, const struct argp_option *o)
{
	fputs(".TP\n", f);
	if (has_letter(o))
		fprintf(f, "\\fB\\-%c\\fR%s", o->key, o->name ? ", " : "");
	if (o->name) {
		fputs("\\fB\\-\\-", f);
		roff_text(f, o->name);
		fputs("\\fR", f);
	}
	if (o->arg) {
		fputs(o->name ? "=\\fI" : " \\fI", f);
		roff_text(f, o->arg);
		fputs("\\fR", f);
	}
	fputc('\n', f);
	roff_text(f, o->doc);
	fputs(".\n", f);
}

static void man_columns(FILE *f, unsigned int views)
{
	fputs(".SH COLUMNS\nColumns with a * always cover the time since the last reset.\n", f);
	for (size_t i = 0; i < nr_columns; i++) {
		if (!(columns[i].views & views))
			continue;
		fputs(".TP\n.B ", f);
		roff_text(f, columns[i].name);
		fputc('\n', f);
		roff_text(f, columns[i].help);
		fprintf(f, " (");
		roff_text(f, columns[i].title);
		fputs(").\n", f);
	}
}

static void man_exit_status(FILE *f)
{
	fputs(".SH EXIT STATUS\n.TP\n.B 0\nall is well.\n", f);
	for (int e = 0; e < NR_ERRORS; e++) {
		fprintf(f, ".TP\n.B %d\n", error_status(e));
		roff_text(f, error_text(e));
		fputs(".\n", f);
	}
}

static FILE *man_open(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s.8", folder, name);
	FILE *f = fopen(path, "we");

	if (!f) {
		fprintf(stderr, "generate: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	free(path);
	fputs(".\\\" SPDX"
	      "-License-Identifier: GPL-2.0-only\n.TH ",
	      f);
	for (const char *c = name; *c; c++)
		fputc(toupper((unsigned char)*c), f);
	fprintf(f, " 8 2026-11-28 \"kvm-exit-stats %s\" \"System Administration\"\n", VERSION);
	return f;
}

/* The text before "\v" is the description. */
static void man_command(const char *folder, const struct command *c, const char *page,
			const char *usage)
{
	FILE *f = man_open(folder, page);
	const char *rest = strchr(c->argp->doc, '\v');
	size_t len = rest ? (size_t)(rest - c->argp->doc) : strlen(c->argp->doc);

	fprintf(f, ".SH NAME\n");
	roff_text(f, page);
	fputs(" \\- ", f);
	roff_text(f, c->brief);
	fputs("\n.SH SYNOPSIS\n.B ", f);
	roff_text(f, usage);
	fputs("\n[\\fIOPTION\\fR...]", f);
	if (c->argp->args_doc && *c->argp->args_doc) {
		fputs(" \\fI", f);
		roff_text(f, c->argp->args_doc);
		fputs("\\fR", f);
	}
	fputs("\n.SH DESCRIPTION\n", f);
	roff(f, c->argp->doc, len);
	fputc('\n', f);
	if (c->argp->options || has_common(c->argp)) {
		fputs(".SH OPTIONS\n", f);
		each_option(c->argp, man_option, f);
	}
	if (rest)
		man_rest(f, rest + 1);
	if (c->views)
		man_columns(f, c->views);
	man_exit_status(f);
	fputs(".SH SEE ALSO\n.BR kvm\\-exit\\-stats (8)\n", f);
	fclose(f);
}

static void man_main(const char *folder)
{
	FILE *f = man_open(folder, "kvm-exit-stats");

	fputs(".SH NAME\nkvm\\-exit\\-stats \\- show the VM exits of this host's virtual machines\n"
	      ".SH SYNOPSIS\n.B kvm\\-exit\\-stats\n[\\fICOMMAND\\fR] [\\fIOPTION\\fR...]\n"
	      ".SH DESCRIPTION\nShows how often the virtual machines of this host exit, for which "
	      "reasons, and how long\nKVM takes to handle that. Without a command it is\n.BR top .\n"
	      ".SH COMMANDS\n",
	      f);
	for (int i = 0; commands[i]; i++) {
		fprintf(f, ".TP\n.BR kvm\\-exit\\-stats\\-%s (8)\n", commands[i]->name);
		roff_text(f, commands[i]->brief);
		fputs(".\n", f);
	}
	fputs(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\n"
	      "If it is set and not empty, no colours are used.\n",
	      f);
	man_exit_status(f);
	fclose(f);
}

static void man(const char *folder)
{
	man_main(folder);
	for (int i = 0; commands[i]; i++) {
		char *page = xasprintf("kvm-exit-stats-%s", commands[i]->name);
		char *usage = xasprintf("kvm-exit-stats %s", commands[i]->name);

		man_command(folder, commands[i], page, usage);
		free(page);
		free(usage);
	}
}

/* ---- completion */

static void long_name(FILE *f, const struct argp_option *o)
{
	if (o->name)
		fprintf(f, " --%s%s", o->name, o->arg ? "=" : "");
}

static void words_of_columns(FILE *f)
{
	for (size_t i = 0; i < nr_columns; i++)
		fprintf(f, "%s%s", i ? " " : "", columns[i].name);
}

static void words_of_formats(FILE *f)
{
	for (int i = 0; output_formats[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", output_formats[i]->name);
}

static void write_bash(FILE *f)
{
	fputs("# SPDX"
	      "-License-Identifier: GPL-2.0-only\n"
	      "# Completion of kvm-exit-stats for bash; written by generate.\n"
	      "_kvm_exit_stats() {\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]} words\n"
	      "\tlocal command=${COMP_WORDS[1]}\n"
	      "\tCOMPREPLY=()\n"
	      "\t[ \"$word\" != = ] || word=\n"
	      "\t[ \"$last\" != = ] || last=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tcase $last in\n"
	      "\t--columns | -o | --sort | -s) words='",
	      f);
	words_of_columns(f);
	fputs("' ;;\n\t--format | -f) words='", f);
	words_of_formats(f);
	fputs("' ;;\n"
	      "\t--vm | -V)\n"
	      "\t\tlocal name names\n"
	      "\t\tmapfile -t names < <(kvm-exit-stats list --source files --interval 0.01 \\\n"
	      "\t\t\t-o vm -f csv 2>/dev/null |\n"
	      "\t\t\tsed -e '1d; s/^[^\"]*\"//; s/\"\\r*$//; s/\"\"/\"/g')\n"
	      "\t\t# Without our modules it would count by BPF, which is too slow for each TAB.\n"
	      "\t\t[ ${#names[@]} -gt 0 ] ||\n"
	      "\t\t\tmapfile -t names < <(ls /sys/kernel/debug/kvm 2>/dev/null |\n"
	      "\t\t\t\tsed -n '/^[0-9]*-[0-9]*$/p')\n"
	      "\t\t# compgen -W would expand a name, and execute what is in it.\n"
	      "\t\tfor name in \"${names[@]}\"; do\n"
	      "\t\t\tprintf -v name %q \"$name\"\n"
	      "\t\t\t[[ $name != \"$word\"* ]] || COMPREPLY+=(\"$name\")\n"
	      "\t\tdone\n"
	      "\t\treturn ;;\n"
	      "\t--root | --output | -O | --file)\n"
	      "\t\tcompopt -o filenames\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	      "\t\treturn ;;\n"
	      "\t*)\n"
	      "\t\tcase $command in\n",
	      f);
	for (int i = 0; commands[i]; i++) {
		fprintf(f, "\t\t%s) words='--help", commands[i]->name);
		each_option(commands[i]->argp, long_name, f);
		fputs("' ;;\n", f);
	}
	fputs("\t\tesac ;;\n\tesac\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='", f);
	for (int i = 0; commands[i]; i++)
		fprintf(f, "%s ", commands[i]->name);
	fputs("--help --version'\n\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	      "\t[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
	      "}\n"
	      "complete -F _kvm_exit_stats kvm-exit-stats\n",
	      f);
}

/* In single quotes of zsh, within the brackets of _arguments. */
static void zsh_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", f);
		else if (strchr("[]:", *text))
			fprintf(f, "\\%c", *text);
		else
			fputc(*text, f);
	}
}

static void zsh_option(FILE *f, const struct argp_option *o)
{
	if (!o->name)
		return;
	fprintf(f, " \\\n\t\t\t'--%s%s[", o->name, o->arg ? "=" : "");
	zsh_text(f, o->doc);
	fputc(']', f);
	if (o->arg && (!strcmp(o->name, "columns") || !strcmp(o->name, "sort"))) {
		fputs(":column:(", f);
		words_of_columns(f);
		fputc(')', f);
	} else if (o->arg && !strcmp(o->name, "format")) {
		fputs(":format:(", f);
		words_of_formats(f);
		fputc(')', f);
	} else if (o->arg && (!strcmp(o->arg, "FILE") || !strcmp(o->arg, "DIR"))) {
		fprintf(f, ":%s:_files", o->arg);
	} else if (o->arg) {
		fprintf(f, ":%s:", o->arg);
	}
	fputc('\'', f);
}

static void write_zsh(FILE *f)
{
	fputs("#compdef kvm-exit-stats\n"
	      "# SPDX"
	      "-License-Identifier: GPL-2.0-only\n"
	      "# Completion of kvm-exit-stats for zsh; written by generate.\n"
	      "_kvm_exit_stats() {\n"
	      "\tlocal -a commands=(\n",
	      f);
	for (int i = 0; commands[i]; i++) {
		fprintf(f, "\t\t'%s:", commands[i]->name);
		zsh_text(f, commands[i]->brief);
		fputs("'\n", f);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tlocal command=$words[2]\n"
	      "\tshift words\n"
	      "\t(( CURRENT-- ))\n"
	      "\tcase $command in\n",
	      f);
	for (int i = 0; commands[i]; i++) {
		fprintf(f, "\t%s)\n\t\t_arguments '--help[help]'", commands[i]->name);
		each_option(commands[i]->argp, zsh_option, f);
		fputs("\n\t\t;;\n", f);
	}
	fputs("\tesac\n}\n_kvm_exit_stats \"$@\"\n", f);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "man")) {
		man(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "bash")) {
		write_bash(stdout);
	} else if (argc == 2 && !strcmp(argv[1], "zsh")) {
		write_zsh(stdout);
	} else {
		fputs("usage: generate man FOLDER | bash | zsh\n", stderr);
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
