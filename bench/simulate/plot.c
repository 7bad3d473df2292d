/* SPDX-License-Identifier: MIT */
#include "plot.h"

#include <math.h>
#include <stdio.h>

/* Times over the bound less one, so that a hundredth and a tenfold both show. */
static const double least = 0.001;
static const double max_count = 100;

enum { LEFT = 260, WIDTH = 620, RIGHT = 40, TOP = 104, ROW = 22, BOTTOM = 64 };

typedef struct sim_mark {
    const char *name;
    const char *colour;
    double radius;
} sim_mark;

static const sim_mark rival_marks[SIM_RIVALS] = {
    {"HGuided", "#e08214", 4.5},
    {"static by speed", "#5aae61", 4.5},
    {"dynamic, 64 parts", "#9970ab", 3.5},
    {"dynamic, 1024 parts", "#b8a4c9", 3.5}};
static const sim_mark first_mark = {"yoke, first job", "#9ecae1", 5};
static const sim_mark yoke_mark = {"yoke", "#08519c", 6.5};

static double across(double ratio)
{
    const double at = fmin(fmax(ratio - 1, least), max_count);

    return LEFT + WIDTH * log(at / least) / log(max_count / least);
}

static double row_at(size_t row)
{
    return TOP + ROW * ((double)row + 0.5);
}

static void draw_dot(FILE *file, double x, double y, const sim_mark *mark)
{
    fprintf(file,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\" stroke=\"#fff\" "
            "stroke-width=\"1\"/>\n",
            x, y, mark->radius, mark->colour);
}

static void draw_text(FILE *file, double x, double y, const char *style,
                      const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style, text);
}

static void draw_legend(FILE *file)
{
    const sim_mark *marks[SIM_RIVALS + 2] = {&yoke_mark, &first_mark};
    double x = 24;

    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        marks[rival + 2] = &rival_marks[rival];
    }
    for (int i = 0; i < SIM_RIVALS + 2; i++) {
        draw_dot(file, x, 70, marks[i]);
        draw_text(file, x + 11, 74, "class=\"note\"", marks[i]->name);
        for (const char *c = marks[i]->name; *c != '\0'; c++) {
            x += 6.4;
        }
        x += 40;
    }
}

static void draw_axis(FILE *file, size_t rows)
{
    static const struct {
        double ratio;
        const char *label;
    } ticks[] = {{1.001, "+0.1 %"}, {1.01, "+1 %"}, {1.1, "+10 %"},
                 {2, "2×"},         {11, "11×"},    {101, "100×"}};
    const double bottom = TOP + ROW * (double)rows;
    const double goal = across(1.03);

    fprintf(
        file,
        "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%.1f\" fill=\"#e8f1f8\"/>\n",
        LEFT, TOP, goal - LEFT, bottom - TOP);
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        const double x = across(ticks[i].ratio);

        fprintf(file,
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\" "
                "stroke=\"#d5d5d5\"/>\n",
                x, x, TOP, bottom);
        draw_text(file, x, bottom + 18, "class=\"note\" text-anchor=\"middle\"",
                  ticks[i].label);
    }
    draw_text(file, goal - 6, TOP - 6, "class=\"note\" text-anchor=\"end\"",
              "within 3 %");
    draw_text(file, LEFT + WIDTH / 2.0, bottom + 42,
              "class=\"note\" text-anchor=\"middle\"",
              "time over the least possible time (off the scale: at the edge)");
}

static void draw_row(FILE *file, const sim_result *result, size_t row)
{
    const double y = row_at(row);
    const double left = across(result->steady);
    char name[64];

    sim_scenario_name(result->scenario, name, sizeof name);
    draw_text(file, LEFT - 14, y + 4, "class=\"name\" text-anchor=\"end\"", name);
    fprintf(file,
            "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#eee\"/>\n",
            LEFT, LEFT + WIDTH, y, y);
    for (int rival = SIM_RIVALS - 1; rival >= 0; rival--) {
        if (result->rivals[rival] < HUGE_VAL) {
            draw_dot(file, across(result->rivals[rival]), y, &rival_marks[rival]);
        }
    }
    draw_dot(file, across(result->first), y, &first_mark);
    draw_dot(file, left, y, &yoke_mark);
}

static void draw(FILE *file, const sim_result *results, size_t count)
{
    const int width = LEFT + WIDTH + RIGHT;
    const int height = TOP + ROW * (int)count + BOTTOM;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\">\n"
            "<style>text{font-family:Helvetica,Arial,sans-serif;fill:#222}"
            ".title{font-size:17px;font-weight:bold}.note{font-size:12px}"
            ".name{font-size:12px}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            width, height, width, height);
    draw_text(file, 24, 30, "class=\"title\"",
              "Simulated jobs: how far from the least possible time");
    draw_text(file, 24, 48, "class=\"note\"",
              "machine, workers, cost of items, least time");
    draw_legend(file);
    draw_axis(file, count);
    for (size_t i = 0; i < count; i++) {
        draw_row(file, &results[i], i);
    }
    fprintf(file, "</svg>\n");
}

bool sim_plot_write(const char *path, const sim_result *results, size_t count)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return false;
    }
    draw(file, results, count);
    return fclose(file) == 0;
}
