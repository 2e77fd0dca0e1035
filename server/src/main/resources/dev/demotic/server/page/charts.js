import { svg } from './dom.js';
import { words } from './statistics.js';

/**
 * @typedef {import('./statistics.js').Point} Point
 * @typedef {{name: string, points: Point[]}} Series
 */

const WIDTH = 360;
const HEIGHT = 130;
const LEFT = 46;
const RIGHT = 352;
const TOP = 10;
const BOTTOM = 106;
const MOST_POINTS = 300;

/**
 * A small line chart from zero up. Series after the first are dashed, so that colour is not all that tells them apart.
 * @param {Series[]} series
 * @param {{title: string, xName: string, start?: number, top?: number, format?: (value: number) => string}} options start is
 *     where the horizontal axis begins; top is where the vertical one ends, if not with the data
 */
export function lineChart(series, { title, xName, start = 0, top, format = words }) {
  const points = series.flatMap((one) => one.points);
  const highest = top ?? Math.max(1, ...points.map(({ y }) => y)) * 1.05;
  const till = Math.max(start, ...points.map(({ x }) => x));
  /** @param {Point} point */
  const place = ({ x, y }) => {
    const share = till > start ? (x - start) / (till - start) : 1;
    return `${(LEFT + share * (RIGHT - LEFT)).toFixed(1)} ${(BOTTOM - (Math.min(y, highest) / highest) * (BOTTOM - TOP)).toFixed(1)}`;
  };
  const lines = series.map(({ points: all }, i) => line(thinned(all).map(place), i));
  const label = `${title}: ${series.map((one) => inWords(one, format)).join('; ')}`;
  return svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label },
    svg('path', { class: 'axis', d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }),
    svg('text', { x: LEFT - 4, y: TOP + 8, class: 'end' }, points.length > 0 ? format(highest) : ''),
    svg('text', { x: LEFT - 4, y: BOTTOM, class: 'end' }, '0'),
    svg('text', { x: LEFT, y: BOTTOM + 16 }, words(start)),
    svg('text', { x: RIGHT, y: BOTTOM + 16, class: 'end' }, `${words(till)} ${xName}`),
    ...lines,
  );
}

/**
 * @param {string[]} places
 * @param {number} index
 */
function line(places, index) {
  if (places.length === 1) {
    const [x, y] = places[0].split(' ');
    return svg('circle', { class: `series-${index} dot`, cx: x, cy: y, r: 2.5 });
  }
  return svg('path', { class: `series-${index}`, d: places.length > 0 ? `M${places.join('L')}` : '' });
}

/**
 * @param {Point[]} points
 * @returns {Point[]} as many as can be told apart, the last among them
 */
function thinned(points) {
  const step = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => (points.length - 1 - i) % step === 0);
}

/**
 * @param {Series} series
 * @param {(value: number) => string} format
 */
function inWords({ name, points }, format) {
  const last = points.at(-1);
  return last ? `${name} ${format(last.y)} at the end, at most ${format(Math.max(...points.map(({ y }) => y)))}` : `${name} nothing yet`;
}
