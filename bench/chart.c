/* SPDX-License-Identifier: MIT */
/*
 * The chart: a bar for each comparison, from 1 to the ratio on a logarithmic axis, to the
 * right where yoke is ahead. Metrics fill two columns from top to bottom.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

/* Everything in pixels. */
enum {
    MARGIN = 36,
    HEAD = 118, /* title, legend and the axis' labels */
    COLUMNS = 2,
    COLUMN = 640,
    GAP = 48,
    LABEL = 150, /* room for the peers' names */
    TAIL = 56,   /* room for a figure beyond the axis */
    HEADING = 40,
    LINE = 17,
    BAR = 11
};

/* The axis. A bar that is longer ends in an arrow. */
static const double axis_low = 0.02, axis_high = 100;

static const char ahead_colour[] = "#1a8a7d", behind_colour[] = "#d9722e",
                  even_colour[] = "#8c96a3";

static double axis_x(double ratio)
{
    const double clipped = fmin(fmax(ratio, axis_low), axis_high);

    return LABEL + (COLUMN - LABEL - TAIL) * log(clipped / axis_low) /
                       log(axis_high / axis_low);
}

/* Less than 3 % is no difference. */
static const char *colour(double ratio)
{
    return fabs(log(ratio)) < log(1.03) ? even_colour
           : ratio > 1                  ? ahead_colour
                                        : behind_colour;
}

static bool begins_metric(const row *rows, size_t i)
{
    return i == 0 || rows[i].metric != rows[i - 1].metric;
}

static int height_of(const row *rows, size_t i)
{
    return LINE + (begins_metric(rows, i) ? HEADING : 0);
}

static int total_height(const row *rows, size_t count)
{
    int height = 0;

    for (size_t i = 0; i < count; i++) {
        height += height_of(rows, i);
    }
    return height;
}

/* Where the second column begins: at the metric that makes both most alike. */
static size_t column_break(const row *rows, size_t count)
{
    const int total = total_height(rows, count);
    size_t best = count;
    int above = 0, least = total;

    for (size_t i = 0; i < count; i++) {
        const int higher = above > total - above ? above : total - above;
        if (begins_metric(rows, i) && higher < least) {
            least = higher;
            best = i;
        }
        above += height_of(rows, i);
    }
    return best;
}

static void put_style(FILE *f, int width, int height)
{
    fprintf(
        f,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\">\n"
        "<style>\n"
        "text { font: 12px Inter, 'Helvetica Neue', Arial, sans-serif; "
        "fill: #4a5563; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }\n"
        ".title { font-size: 22px; font-weight: 600; fill: #1b2430; }\n"
        ".name { font-size: 13px; font-weight: 600; fill: #1b2430; }\n"
        ".about { font-size: 11.5px; fill: #7b8794; }\n"
        ".end { text-anchor: end; }\n"
        ".middle { text-anchor: middle; }\n"
        ".grid { stroke: #e6e9ed; }\n"
        ".one { stroke: #1b2430; stroke-width: 1.2; }\n"
        ".spread { stroke: #1b2430; stroke-opacity: 0.55; }\n"
        "</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
        width, height, width, height);
}

static void put_key(FILE *f, int x, const char *of, const char *text)
{
    fprintf(f,
            "<rect x=\"%d\" y=\"63\" width=\"12\" height=\"12\" rx=\"2\" fill=\"%s\"/>"
            "<text x=\"%d\" y=\"73\">%s</text>\n",
            x, of, x + 18, text);
}

static void put_head(FILE *f)
{
    fprintf(f, "<text class=\"title\" x=\"%d\" y=\"44\">yoke beside its peers</text>\n",
            MARGIN);
    put_key(f, MARGIN, ahead_colour, "yoke is ahead");
    put_key(f, MARGIN + 120, behind_colour, "behind");
    put_key(f, MARGIN + 200, even_colour, "less than 3 % apart");
    fprintf(f,
            "<text x=\"%d\" y=\"73\">The peer's median over yoke's, logarithmic; the "
            "thin line is where 80 %% of the rounds lie.</text>\n",
            MARGIN + 360);
}

static void put_axis(FILE *f, int left, int top, int bottom)
{
    static const double ticks[] = {0.1, 1, 10, 100};

    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        const double x = left + axis_x(ticks[i]);
        fprintf(f,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                "<text class=\"about middle\" x=\"%.1f\" y=\"%d\">%g</text>\n",
                i == 1 ? "one" : "grid", x, x, top, bottom, x, top - 6, ticks[i]);
    }
}

static void put_heading(FILE *f, int left, int y, const metric *m)
{
    fprintf(f,
            "<text class=\"name\" x=\"%d\" y=\"%d\">%s <tspan class=\"about\" dx=\"6\" "
            "font-weight=\"400\">%s</tspan></text>\n",
            left, y, m->name, m->title);
}

static void put_arrow(FILE *f, double x, int middle, double direction)
{
    fprintf(f, "<path d=\"M%.1f %d l%.1f %d l0 %d z\" fill=\"#ffffff\"/>\n",
            x - 2 * direction, middle, -4 * direction, -4, 8);
}

static void put_spread(FILE *f, int left, int middle, const summary *ratio)
{
    if (ratio->count > 1 && ratio->low > 0) {
        fprintf(f,
                "<line class=\"spread\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
                "y2=\"%d\"/>\n",
                left + axis_x(ratio->low), left + axis_x(ratio->high), middle, middle);
    }
}

static void put_bar(FILE *f, int left, int y, const row *r)
{
    const double ratio = r->other.median / r->yoke.median;
    const double one = axis_x(1), x = axis_x(ratio);
    const int middle = y + BAR / 2 + 1;
    const bool right = ratio >= 1;
    const double furthest =
        right ? fmax(x, axis_x(r->ratio.high)) : fmin(x, axis_x(r->ratio.low));

    fprintf(f,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"1.5\" "
            "fill=\"%s\"/>\n",
            left + fmin(one, x), y, fmax(fabs(x - one), 1.5), BAR, colour(ratio));
    put_spread(f, left, middle, &r->ratio);
    if (ratio > axis_high || ratio < axis_low) {
        put_arrow(f, left + x, middle, right ? 1 : -1);
    }
    fprintf(f, "<text class=\"%s\" x=\"%.1f\" y=\"%d\">%.*f</text>\n",
            right ? "" : "end", left + furthest + (right ? 5 : -5), y + BAR - 1,
            ratio < 0.1  ? 3
            : ratio < 10 ? 2
                         : 0,
            ratio);
}

static void put_row(FILE *f, int left, int y, const row *r)
{
    fprintf(f, "<text x=\"%d\" y=\"%d\">%s</text>\n", left, y + BAR - 1, r->peer);
    if (isnan(r->ratio.median)) {
        fprintf(f, "<text class=\"about\" x=\"%.1f\" y=\"%d\">not measured</text>\n",
                left + axis_x(1) + 6, y + BAR - 1);
    } else {
        put_bar(f, left, y, r);
    }
}

static void put_column(FILE *f, int left, const row *rows, size_t count)
{
    int y = HEAD;

    put_axis(f, left, HEAD, HEAD + total_height(rows, count) + 8);
    for (size_t i = 0; i < count; i++) {
        if (begins_metric(rows, i)) {
            put_heading(f, left, y + HEADING - 12, rows[i].metric);
            y += HEADING;
        }
        put_row(f, left, y - 4, &rows[i]);
        y += LINE;
    }
}

bool report_chart(const char *path, const row *rows, size_t count)
{
    const size_t half = column_break(rows, count);
    const int first = total_height(rows, half);
    const int second = total_height(rows + half, count - half);
    const int columns = second > 0 ? COLUMNS : 1;
    FILE *f = fopen(path, "w");

    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    put_style(f, 2 * MARGIN + COLUMNS * COLUMN + GAP,
              HEAD + (first > second ? first : second) + MARGIN);
    put_head(f);
    put_column(f, MARGIN, rows, half);
    if (columns > 1) {
        put_column(f, MARGIN + COLUMN + GAP, rows + half, count - half);
    }
    fputs("</svg>\n", f);
    return fclose(f) == 0;
}
