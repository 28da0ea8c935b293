// SPDX-License-Identifier: GPL-2.0-only
/* kvm-exit-stats top: the live view. Read, draw, wait for a key or for the next reading. */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "errors.h"
#include "memory.h"
#include "screen.h"
#include "top_details.h"

static struct {
	struct origin origin;
	double interval;
	unsigned long batch; /* screens to print, 0: live */
	int rows, cols;	     /* of a printed one */
	const char *keys;    /* pressed once before the first printed screen */
} env = { .interval = 1, .rows = 24, .cols = 80 };

enum {
	OPT_BATCH = 0x100,
	OPT_SIZE,
	OPT_KEYS,
};

static const char doc[] =
	"Show live which VMs exit, for which reasons, and what that costs.\v"
	"EXAMPLES:\n"
	"  kvm-exit-stats top\n"
	"  kvm-exit-stats top --interval 5\n"
	"  kvm-exit-stats top --batch 3               three screens on standard output\n\n"
	"Press ? in it for its keys.";

static const struct argp_option options[] = {
	{ "interval", 'i', "SECONDS", 0, "Read again every SECONDS (default: 1)", 0 },
	{ "batch", OPT_BATCH, "N", 0, "Print N screens and end; needs no terminal", 0 },
	{ "size", OPT_SIZE, "COLSxROWS", 0, "Size of a printed screen (default: 80x24)", 0 },
	{ "keys", OPT_KEYS, "KEYS", 0,
	  "Press these keys before the first printed screen: ~ is Enter", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &env.origin;
		break;
	case 'i':
		env.interval = parse_seconds(arg, state, "--interval");
		break;
	case OPT_BATCH:
		env.batch = parse_count(arg, state, "--batch");
		break;
	case OPT_SIZE:
		if (sscanf(arg, "%dx%d%c", &env.cols, &env.rows, &end) != 2 || env.cols < 1 ||
		    env.rows < 1 || env.cols > 1000 || env.rows > 1000)
			argp_error(state, "--size: '%s' is no size such as 80x24", arg);
		break;
	case OPT_KEYS:
		env.keys = arg;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': top takes no name", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &origin_argp, 0, "Source:", 10 }, { 0 } };
static const struct argp argp = { options, parse, "", doc, children, NULL, NULL };

/* ---- the numbers */

struct numbers {
	struct source *source;
	struct sample then, now, since;
	struct trends trends;
	struct top_details details;
	bool moved;  /* two readings differed once */
	bool totals; /* columns of saved files are shown */
	char note[128];
};

/* Reads everything of the scope on the screen, and of the others what the list of VMs shows. */
static void take(struct numbers *n, struct ui *ui)
{
	const struct place *p = ui_place(ui);
	unsigned int what = SAMPLE_HOST | SAMPLE_VMS;
	const char *only = p->vm[0] ? p->vm : "-";
	int err;

	if (p->vm[0])
		what |= SAMPLE_HIST;
	if (p->vm[0] && (p->view == VIEW_VCPUS || p->vcpu != NO_VCPU))
		what |= SAMPLE_VCPUS;
	if (p->view == VIEW_REASONS && !p->vm[0])
		what |= SAMPLE_HIST;
	if (p->view == VIEW_TIME)
		what |= SAMPLE_WAIT | (p->vm[0] ? SAMPLE_VCPUS : 0);
	if (p->view == VIEW_ACROSS) {
		what |= SAMPLE_HIST;
		only = NULL;
	}
	err = sample_take(&n->now, n->source, what, only);
	if (err)
		fail(ERR_OTHER, "the VMs cannot be listed: %s", strerror(-err));
}

static void add_trends(struct numbers *n, struct ui *ui)
{
	const struct place *p = ui_place(ui);

	trends_begin(&n->trends);
	for (size_t i = 0; i < n->since.nr; i++) {
		const struct scope_numbers *s = &n->since.scope[i];
		const char *vm = s->vm ? s->vm->id : "";

		if (s->seconds <= 0)
			continue;
		trends_add(&n->trends, vm, s->vcpu, TREND_ALL, s->t.exits / s->seconds);
		if (p->view != VIEW_REASONS || strcmp(vm, p->vm) || s->vcpu != p->vcpu)
			continue;
		for (size_t k = 0; k < s->t.nr; k++)
			trends_add(&n->trends, vm, s->vcpu, s->t.row[k].reason,
				   s->t.row[k].n[COUNT] / s->seconds);
	}
	trends_end(&n->trends);
}

static bool unchanged(const struct sample *since)
{
	for (size_t i = 0; i < since->nr; i++) {
		if (since->scope[i].t.exits)
			return false;
	}
	return true;
}

/* Saved files have no rates: counts and times take their place. */
static void show_totals(struct ui *ui)
{
	static const char *const columns_of[NR_VIEWS] = {
		[VIEW_VMS] = "vm,vcpus,exits,time,top,top%",
		[VIEW_REASONS] = "name,exits,exits%,time%,avg,p50,p99,max,time,min",
		[VIEW_VCPUS] = "vcpu,exits,time,avg,top,top%",
		[VIEW_ACROSS] = "vm,exits,exits%,time%,time,avg,max,min",
	};

	for (int v = 0; v < NR_VIEWS && columns_of[v]; v++) {
		columns_choose(&ui->set[v], v, columns_of[v]);
		ui->by[v] = column_find(v, "time");
	}
}

/* The saved files do change; another program writes them. Show rates again. */
static void show_rates(struct ui *ui)
{
	struct ui fresh;

	ui_init(&fresh, ui->interval);
	memcpy(ui->set, fresh.set, sizeof(ui->set));
	memcpy(ui->by, fresh.by, sizeof(ui->by));
}

/* Takes a new reading; the previous one becomes `then`. Saved files that stay show totals. */
static void step(struct numbers *n, struct ui *ui)
{
	sample_free(&n->since);
	sample_free(&n->then);
	n->then = n->now;
	take(n, ui);
	sample_since(&n->then, &n->now, &n->since);
	n->note[0] = '\0';
	n->moved |= !unchanged(&n->since);
	if (env.origin.root && !n->moved && !n->totals)
		show_totals(ui);
	else if (n->moved && n->totals)
		show_rates(ui);
	n->totals = env.origin.root && !n->moved;
	if (n->totals) {
		sample_free(&n->since);
		sample_totals(&n->now, &n->since);
		snprintf(n->note, sizeof(n->note), "since the last reset");
	}
	for (size_t i = 0; i < n->since.nr; i++) {
		const struct scope_numbers *s = &n->since.scope[i];

		if (s->anew && s->vcpu == NO_VCPU)
			snprintf(n->note, sizeof(n->note), "%.60s was reset",
				 s->vm ? s->vm->name : "the host");
	}
	add_trends(n, ui);
	top_details_read(&n->details, ui_place(ui), &n->now.vms, env.origin.root);
	if (n->details.note[0])
		snprintf(n->note, sizeof(n->note), "%s", n->details.note);
}

/*
 * The new place needs more numbers than were read. Reads twice, 0.1 s apart, so that the first
 * screen is complete.
 */
static void look_anew(struct numbers *n, struct ui *ui)
{
	sample_free(&n->since);
	sample_free(&n->then);
	sample_free(&n->now);
	take(n, ui);
	usleep(100000);
	step(n, ui);
}

static void draw(struct numbers *n, struct ui *ui, struct canvas *c, struct item **items,
		 size_t *nr)
{
	struct model m = { .since = &n->since,
			   .trends = &n->trends,
			   .details = &n->details.numbers,
			   .details_by = n->details.by,
			   .note = n->note[0] ? n->note : NULL };

	free(*items);
	*nr = screen_items(ui, &m, items);
	screen_follow(ui, c, *items, *nr);
	screen_draw(ui, c, &m, *items, *nr);
}

/* Hands a key to the state machine, and reads what the new place needs. */
static bool press(struct numbers *n, struct ui *ui, struct canvas *c, int key,
		  const struct item *items, size_t nr)
{
	struct place before = *ui_place(ui);
	struct ui_facts facts = { .nr = nr, .rows = screen_rows(ui, c) };
	struct place *now;

	if (before.selected < nr)
		facts.selected = &items[before.selected];
	if (!ui_key(ui, key, &facts))
		return false;
	now = ui_place(ui);
	/* A line that the user moved to is the one to stay on. */
	if (now->selected != before.selected)
		now->subject[0] = '\0';
	if (now->view != before.view || now->vcpu != before.vcpu || strcmp(now->vm, before.vm) ||
	    now->reason != before.reason)
		look_anew(n, ui);
	return true;
}

/* ---- the terminal */

static int key_of(wint_t c, int kind)
{
	static const int from_curses[][2] = {
		{ KEY_UP, UI_UP },	     { KEY_DOWN, UI_DOWN },  { KEY_PPAGE, UI_PAGE_UP },
		{ KEY_NPAGE, UI_PAGE_DOWN }, { KEY_HOME, UI_FIRST }, { KEY_END, UI_LAST },
		{ KEY_ENTER, UI_OPEN },	     { KEY_RIGHT, UI_OPEN }, { KEY_LEFT, UI_BACK },
		{ KEY_BACKSPACE, UI_ERASE },
	};

	if (kind == KEY_CODE_YES) {
		for (size_t i = 0; i < sizeof(from_curses) / sizeof(*from_curses); i++) {
			if (from_curses[i][0] == (int)c)
				return from_curses[i][1];
		}
		return UI_NOTHING;
	}
	return c == '\r' || c == '\n' ? UI_OPEN
	       : c == 27	      ? UI_BACK
	       : c == 8 || c == 127   ? UI_ERASE
				      : (int)c;
}

static void init_colours(void)
{
	if (getenv("NO_COLOR") && *getenv("NO_COLOR"))
		return;
	if (!has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(1, COLOR_CYAN, -1);
	init_pair(2, COLOR_YELLOW, -1);
}

static attr_t curses_attribute(enum attribute attr)
{
	bool colours = has_colors() && COLOR_PAIRS > 2 &&
		       !(getenv("NO_COLOR") && *getenv("NO_COLOR"));

	switch (attr) {
	case ATTR_TITLE:
		return A_BOLD | (colours ? COLOR_PAIR(1) : 0);
	case ATTR_HEAD:
		return A_UNDERLINE;
	case ATTR_HEAD_SORTED:
		return A_UNDERLINE | A_BOLD | (colours ? COLOR_PAIR(2) : 0);
	case ATTR_SELECTED:
		return A_REVERSE;
	case ATTR_FAINT:
		return A_DIM;
	default:
		return A_NORMAL;
	}
}

static void blit(const struct canvas *c)
{
	for (int row = 0; row < c->rows; row++) {
		for (int col = 0; col < c->cols; col++) {
			const struct cell *cell = &c->cell[row * c->cols + col];

			if (!cell->c)
				continue;
			attrset(curses_attribute(cell->attr));
			mvaddnwstr(row, col, &cell->c, 1);
		}
	}
	refresh();
}

/* Once: a second endwin() moves the cursor, perhaps onto an error message. */
static void close_terminal(void)
{
	if (!isendwin())
		endwin();
}

/* A terminal that is gone has an end of file at once, again and again. */
static bool hung_up(void)
{
	struct pollfd p = { .fd = STDIN_FILENO };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

/* Until the next reading is due or a key was pressed. Returns the key, or UI_NOTHING. */
static int wait_for_key(const struct ui *ui, double next)
{
	double left = ui->frozen ? 3600 : next - monotonic();
	wint_t c;
	int kind;

	timeout(left > 0 ? (int)(left * 1000) + 1 : 0);
	kind = get_wch(&c);
	return kind == ERR ? UI_NOTHING : key_of(c, kind);
}

static void live(struct numbers *n, struct ui *ui, struct canvas *c)
{
	struct item *items = NULL;
	double next;
	size_t nr = 0;
	int key;

	if (!isatty(STDOUT_FILENO))
		fail(ERR_NO_TERMINAL, "%s", error_text(ERR_NO_TERMINAL));
	if (!isatty(STDIN_FILENO))
		fail(ERR_NO_TERMINAL, "standard input is no terminal");
	set_escdelay(25);
	if (!newterm(NULL, stdout, stdin))
		fail(ERR_NO_TERMINAL, "the terminal '%s' is unknown or cannot move its cursor",
		     getenv("TERM") ? getenv("TERM") : "");
	atexit(close_terminal);
	fail_after(close_terminal);
	warn_never(true);
	common_catch_signals();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	curs_set(0);
	init_colours();
	canvas_resize(c, LINES, COLS);
	look_anew(n, ui);
	next = monotonic() + ui->interval;
	while (!ui->quit && !interrupted && !hung_up()) {
		draw(n, ui, c, &items, &nr);
		blit(c);
		key = wait_for_key(ui, next);
		if (key != UI_NOTHING)
			press(n, ui, c, key, items, nr);
		if (LINES != c->rows || COLS != c->cols) {
			canvas_resize(c, LINES, COLS);
			clear();
		}
		if (!ui->frozen && monotonic() >= next) {
			step(n, ui);
			next = monotonic() + ui->interval;
		}
	}
	free(items);
}

/* ---- without a terminal */

static void batch(struct numbers *n, struct ui *ui, struct canvas *c)
{
	struct item *items = NULL;
	double next = monotonic() + ui->interval;
	size_t nr = 0;

	common_catch_signals();
	canvas_resize(c, env.rows, env.cols);
	take(n, ui);
	if (env.keys)
		look_anew(n, ui);
	for (const char *k = env.keys; k && *k; k++) {
		draw(n, ui, c, &items, &nr);
		press(n, ui, c, *k == '~' ? UI_OPEN : *k, items, nr);
	}
	for (unsigned long i = 0; i < env.batch && wait_until(&next, ui->interval); i++) {
		step(n, ui);
		draw(n, ui, c, &items, &nr);
		canvas_print(c, stdout);
		common_flush();
	}
	free(items);
}

static int run(int argc, char **argv)
{
	struct numbers n = {};
	struct canvas c = {};
	struct ui ui;

	parse_arguments(&argp, argc, argv);
	n.source = origin_open(&env.origin);
	c.ascii = strcmp(nl_langinfo(CODESET), "UTF-8");
	ui_init(&ui, env.interval);
	if (env.batch)
		batch(&n, &ui, &c);
	else
		live(&n, &ui, &c);
	sample_free(&n.since);
	sample_free(&n.now);
	sample_free(&n.then);
	trends_free(&n.trends);
	top_details_end(&n.details);
	canvas_free(&c);
	source_close(n.source);
	return 0;
}

const struct command cmd_top = {
	"top",
	"live: VMs, their reasons, their vCPUs (default)",
	&argp,
	run,
};
