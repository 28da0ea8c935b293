// SPDX-License-Identifier: GPL-2.0-only
/* Parts of charts as inline SVG. */
#include <math.h>
#include <string.h>

#include "svg.h"

void html_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			fputc(*text, f);
		}
	}
}

double axis_at(const struct axis *a, double value)
{
	if (a->high <= a->low)
		return a->from;
	return a->from + (value - a->low) / (a->high - a->low) * (a->to - a->from);
}

double nice_step(double high, int ticks)
{
	static const double of_ten[] = { 1, 2, 5, 10 };
	double least, power;

	if (!(high > 0) || !isfinite(high))
		return 1;
	least = high / ticks;
	power = pow(10, floor(log10(least)));
	for (size_t i = 0; i < sizeof(of_ten) / sizeof(*of_ten); i++) {
		if (of_ten[i] * power >= least * 0.999999)
			return of_ten[i] * power;
	}
	return 10 * power;
}

const char *short_number(double n, char *buf, size_t size)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	int unit = 0;

	for (; n >= 999.5 && unit < 4; unit++)
		n /= 1000;
	snprintf(buf, size, "%.3g%s", n, units[unit]);
	return buf;
}

void chart_begin(FILE *f, const char *title, const char *of, double width, double height)
{
	fprintf(f, "<figure%s>\n<figcaption>", width > 600 ? " class=\"wide\"" : "");
	html_text(f, title);
	if (of) {
		fputs(" <bdi class=\"of\">", f);
		html_text(f, of);
		fputs("</bdi>", f);
	}
	fprintf(f, "</figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		width, height);
	html_text(f, title);
	fputs("\">\n", f);
}

void chart_svg_end(FILE *f)
{
	fputs("</svg>\n", f);
}

void chart_end(FILE *f)
{
	fputs("</figure>\n", f);
}

void legend_begin(FILE *f)
{
	fputs("<ul class=\"legend\">\n", f);
}

void legend_entry(FILE *f, const char *class, const char *text)
{
	fprintf(f,
		"<li><svg viewBox=\"0 0 12 12\"><rect class=\"%s\" width=\"12\" height=\"12\"/>"
		"</svg>",
		class);
	html_text(f, text);
	fputs("</li>\n", f);
}

void legend_end(FILE *f)
{
	fputs("</ul>\n", f);
}

void svg_text(FILE *f, double x, double y, const char *anchor, const char *class, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\"", x, y);
	if (strcmp(anchor, "start"))
		fprintf(f, " text-anchor=\"%s\"", anchor);
	if (class)
		fprintf(f, " class=\"%s\"", class);
	fputc('>', f);
	html_text(f, text);
	fputs("</text>\n", f);
}

void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(f, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

void svg_rect(FILE *f, double x, double y, double w, double h, const char *class, const char *title)
{
	fprintf(f, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", class,
		x, y, w, h);
	if (!title) {
		fputs("/>\n", f);
		return;
	}
	fputs("><title>", f);
	html_text(f, title);
	fputs("</title></rect>\n", f);
}

void y_axis(FILE *f, struct axis *y, const struct axis *x, const char *unit)
{
	double step = nice_step(y->high, 5);
	int steps = ceil(y->high / step - 1e-6);
	char buf[16];

	steps = steps > 0 ? steps : 1;
	y->high = steps * step;
	for (int i = 0; i <= steps; i++) {
		double at = axis_at(y, i * step);

		svg_line(f, x->from, at, x->to, at, i ? "grid" : "axis");
		svg_text(f, x->from - 8, at + 4, "end", NULL,
			 short_number(i * step, buf, sizeof(buf)));
	}
	if (unit)
		svg_text(f, x->from - 56, y->to - 14, "start", "unit", unit);
}
