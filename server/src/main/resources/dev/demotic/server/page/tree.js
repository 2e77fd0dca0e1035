/** Draws the draft of a round as a tree: from what is known on the left to the longest guess on the right. */

import { svg } from './dom.js';
import { percent } from './statistics.js';
import { visible } from './tokens.js';

/**
 * @typedef {import('./recording.js').Round} Round
 * @typedef {'root' | 'bonus' | 'accepted' | 'rejected' | 'untested'} State
 * @typedef {{label: string, share: string, state: State, parent: number, depth: number, row: number}} Box
 */

const ROW = 40;
const BOX = 30;
const GAP = 26;
const CHARACTER = 7.8;
const LONGEST = 14;
const SIGNS = { root: '', bonus: '★ ', accepted: '✓ ', rejected: '✗ ', untested: '· ' };

/** @param {Round} round */
export function drawTree(round) {
  const boxes = layOut(round);
  const columns = columnsOf(boxes);
  const width = columns.end + 4;
  const height = (Math.max(...boxes.map((box) => box.row)) + 1) * ROW;
  const edges = boxes.filter((box) => box.parent >= 0).map((box) => edge(boxes[box.parent], box, columns));
  return svg(
    'svg',
    { class: 'tree', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': describe(round) },
    ...edges,
    ...boxes.map((box) => node(box, columns)),
  );
}

/**
 * What a round came to, in words.
 * @param {Round} round
 */
export function describe({ nodes, bonus, drafter, draft_ms, verify_ms }) {
  const accepted = nodes.filter((node) => node.state === 'accepted');
  const times = [draft_ms && `drafted in ${draft_ms.toFixed(1)} ms`, verify_ms && `verified in ${verify_ms.toFixed(1)} ms`].filter(Boolean);
  const fate = nodes.length > 0 ? `${accepted.length} of ${nodes.length} drafted tokens accepted` : 'no draft';
  const by = drafter ? ` by ${drafter}` : '';
  const text = accepted.length > 0 ? `: ${accepted.map((node) => visible(node.text)).join(' ')}` : '';
  const own = bonus ? `; then ${visible(bonus.text)}` : '';
  return `${fate}${by}${text}${own}${times.length > 0 ? ` (${times.join(', ')})` : ''}`;
}

/**
 * Places the boxes: a column a level, a row a leaf, and a parent in the row of its first child. What was accepted comes first,
 * so that the text taken runs straight along the top.
 * @param {Round} round
 * @returns {Box[]} the root first; the bonus token hangs on the last accepted one
 */
export function layOut({ nodes, bonus }) {
  /** @type {Box[]} */
  const boxes = [{ label: '', share: '', state: 'root', parent: -1, depth: 0, row: 0 }];
  for (const { parent, text, state, probability } of nodes) {
    const share = probability === null || probability === undefined ? '' : percent(probability);
    boxes.push({ label: text, share, state, parent: parent + 1, depth: 0, row: 0 });
  }
  if (bonus) {
    const last = boxes.findLastIndex((box) => box.state === 'accepted');
    boxes.push({ label: bonus.text, share: '', state: 'bonus', parent: Math.max(last, 0), depth: 0, row: 0 });
  }
  /** @type {Record<State, number>} */
  const order = { root: 0, accepted: 0, bonus: 1, rejected: 2, untested: 3 };
  let rows = 0;
  /** @param {number} index @param {number} depth */
  const place = (index, depth) => {
    const children = boxes.map((_, i) => i).filter((i) => boxes[i].parent === index);
    children.sort((a, b) => order[boxes[a].state] - order[boxes[b].state] || a - b);
    boxes[index].depth = depth;
    children.forEach((child) => place(child, depth + 1));
    boxes[index].row = children.length > 0 ? boxes[children[0]].row : rows++;
  };
  place(0, 0);
  return boxes;
}

/** @param {Box[]} boxes */
function columnsOf(boxes) {
  /** @type {number[]} */
  const widths = [];
  for (const box of boxes) {
    const characters = Math.max(nameOf(box).length, box.share.length) + 1.5;
    widths[box.depth] = Math.max(widths[box.depth] ?? 0, box.state === 'root' ? 12 : characters * CHARACTER);
  }
  let end = 0;
  const starts = widths.map((width) => {
    const start = end;
    end += width + GAP;
    return start;
  });
  return { starts, widths, end: end - GAP };
}

/** @param {Box} box */
function nameOf(box) {
  const text = visible(box.label);
  return SIGNS[box.state] + (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
}

/**
 * @param {Box} from
 * @param {Box} to
 * @param {{starts: number[], widths: number[]}} columns
 */
function edge(from, to, { starts, widths }) {
  const x1 = starts[from.depth] + (from.state === 'root' ? 12 : widths[from.depth]);
  const [x2, y1, y2] = [starts[to.depth], middle(from), middle(to)];
  const bend = (x1 + x2) / 2;
  return svg('path', { class: `edge ${to.state}`, d: `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}` });
}

/** @param {Box} box */
function middle(box) {
  return box.row * ROW + ROW / 2;
}

/**
 * @param {Box} box
 * @param {{starts: number[], widths: number[]}} columns
 */
function node(box, { starts, widths }) {
  const [x, y] = [starts[box.depth], middle(box)];
  if (box.state === 'root') {
    return svg('circle', { class: 'node root', cx: x + 6, cy: y, r: 5 }, svg('title', {}, 'The text so far'));
  }
  const width = widths[box.depth];
  const label = svg('text', { x: x + width / 2, y: box.share ? y - 1 : y + 4 }, nameOf(box));
  const share = box.share ? svg('text', { class: 'share', x: x + width / 2, y: y + 11 }, box.share) : null;
  const title = svg('title', {}, `${visible(box.label)}: ${box.state}${box.share ? `, the drafter gave it ${box.share}` : ''}`);
  const frame = svg('rect', { x, y: y - BOX / 2, width, height: BOX, rx: 5 });
  return svg('g', { class: `node ${box.state}` }, title, frame, label, share);
}
