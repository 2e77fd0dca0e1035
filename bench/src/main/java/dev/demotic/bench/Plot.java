package dev.demotic.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Small charts as inline SVG. */
final class Plot {
    private static final String[] COLOURS = {
        "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#888888"
    };
    private static final int WIDTH = 640;
    private static final int LABEL = 190;
    private static final int ROW = 22;
    private static final int CHART = 260;
    private static final int LEFT = 64;

    private Plot() {}

    /**
     * A name with values.
     *
     * @param name of the bar or line
     * @param values one for a bar, the parts of a stack, or the points of a line
     */
    record Series(String name, List<Double> values) {}

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** Horizontal bars, stacked where a series has several values, with a line where the value is {@code mark}. */
    static String bars(List<Series> series, List<String> parts, double mark) {
        double most = series.stream()
                .mapToDouble(
                        bar -> bar.values().stream().mapToDouble(value -> value).sum())
                .max()
                .orElse(1);
        double scale = (WIDTH - LABEL - 60) / Math.max(most, Math.max(mark, 1e-9));
        StringBuilder svg = open(ROW * (series.size() + 1));
        for (int i = 0; i < series.size(); i++) {
            double y = ROW * i;
            text(svg, LABEL - 8, y + 15, "end", series.get(i).name());
            double x = LABEL;
            double sum = 0;
            for (int part = 0; part < series.get(i).values().size(); part++) {
                double value = series.get(i).values().get(part);
                rectangle(svg, x, y + 3, Math.max(0, value * scale), ROW - 6, part);
                x += value * scale;
                sum += value;
            }
            if (parts.isEmpty()) {
                text(svg, x + 6, y + 15, "start", number(sum));
            }
        }
        if (mark > 0) {
            double x = LABEL + mark * scale;
            line(svg, x, 0, x, ROW * series.size(), "stroke='#333' stroke-dasharray='3'");
        }
        legend(svg, parts, ROW * series.size() + 16);
        return svg.append("</svg>\n").toString();
    }

    /** Lines over 1, 2, 3 ..., for values from 0 to 1. */
    static String lines(List<Series> series) {
        int points =
                series.stream().mapToInt(line -> line.values().size()).max().orElse(0);
        return lines(IntStream.rangeClosed(1, points).mapToObj(String::valueOf).toList(), series, 1);
    }

    /** Lines over whatever the ticks say, from 0 to the largest value. */
    static String curves(List<String> ticks, List<Series> series) {
        double most = series.stream()
                .flatMap(line -> line.values().stream())
                .mapToDouble(value -> value)
                .max()
                .orElse(1);
        return lines(ticks, series, most > 0 ? most : 1);
    }

    private static String lines(List<String> ticks, List<Series> series, double top) {
        double step = (WIDTH - LABEL - LEFT) / (double) Math.max(1, ticks.size() - 1);
        StringBuilder svg = open(CHART + ROW);
        for (int tick = 0; tick <= 4; tick++) {
            double y = height(tick / 4.0);
            line(svg, LEFT, y, WIDTH - LABEL, y, "stroke='#ddd'");
            text(svg, LEFT - 6, y + 4, "end", number(top * tick / 4));
        }
        for (int point = 0; point < ticks.size(); point++) {
            text(svg, LEFT + point * step, CHART + 4, "middle", ticks.get(point));
        }
        for (int i = 0; i < series.size(); i++) {
            StringBuilder path = new StringBuilder();
            for (int point = 0; point < series.get(i).values().size(); point++) {
                double y = height(series.get(i).values().get(point) / top);
                path.append(number(LEFT + point * step))
                        .append(',')
                        .append(number(y))
                        .append(' ');
            }
            svg.append("<polyline points='%s' fill='none' stroke='%s' stroke-width='2'/>"
                    .formatted(path, COLOURS[i % COLOURS.length]));
            rectangle(svg, WIDTH - LABEL + 12, ROW * i + 4, 12, 12, i);
            text(svg, WIDTH - LABEL + 30, ROW * i + 14, "start", series.get(i).name());
        }
        return svg.append("</svg>\n").toString();
    }

    private static double height(double share) {
        return CHART - 16 - share * (CHART - 32);
    }

    private static void legend(StringBuilder svg, List<String> parts, double y) {
        for (int i = 0; i < parts.size(); i++) {
            double x = LABEL + 90.0 * i;
            rectangle(svg, x, y - 10, 12, 12, i);
            text(svg, x + 18, y, "start", parts.get(i));
        }
    }

    private static StringBuilder open(int height) {
        return new StringBuilder(
                "<svg viewBox='0 0 %d %d' width='%d' height='%d' role='img'>".formatted(WIDTH, height, WIDTH, height));
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append("<text x='%s' y='%s' text-anchor='%s'>%s</text>"
                .formatted(number(x), number(y), anchor, escaped(text)));
    }

    private static void rectangle(StringBuilder svg, double x, double y, double width, double height, int colour) {
        svg.append("<rect x='%s' y='%s' width='%s' height='%s' fill='%s'/>"
                .formatted(number(x), number(y), number(width), number(height), COLOURS[colour % COLOURS.length]));
    }

    private static void line(StringBuilder svg, double x1, double y1, double x2, double y2, String style) {
        svg.append("<line x1='%s' y1='%s' x2='%s' y2='%s' %s/>"
                .formatted(number(x1), number(y1), number(x2), number(y2), style));
    }

    static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
