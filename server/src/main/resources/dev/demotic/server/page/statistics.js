/** Figures and curves of a recording. */

/**
 * @typedef {import('./recording.js').Recording} Recording
 * @typedef {{x: number, y: number}} Point
 */

const WINDOW_MS = 1000;
const SHORTEST_MS = 20;
const ROUNDS = 8;

/**
 * Tokens a second over the second before, by seconds since the request.
 * @param {Recording} recording
 * @returns {Point[]}
 */
export function speed({ arrivals }) {
  /** @type {Point[]} */
  const points = [];
  let from = 0;
  arrivals.forEach(({ time, tokens }, i) => {
    while (arrivals[from].time < time - WINDOW_MS && from < i - 1) {
      from++;
    }
    const past = time - arrivals[from].time;
    if (past >= SHORTEST_MS) {
      points.push({ x: time / 1000, y: ((tokens - arrivals[from].tokens) * 1000) / past });
    }
  });
  return points;
}

/**
 * The share of drafted tokens that were accepted over the last eight rounds that drafted any, round by round.
 * @param {Recording} recording
 * @returns {Point[]}
 */
export function acceptance({ rounds }) {
  const counts = rounds.map(({ nodes }, i) => ({ x: i + 1, drafted: nodes.length, accepted: accepted(nodes) }));
  const drafts = counts.filter(({ drafted }) => drafted > 0);
  return drafts.map(({ x }, i) => {
    const last = drafts.slice(Math.max(0, i + 1 - ROUNDS), i + 1);
    return { x, y: sum(last.map((one) => one.accepted)) / sum(last.map((one) => one.drafted)) };
  });
}

/**
 * @typedef {object} Figures
 * @property {number} tokens of the reply
 * @property {number | null} perSecond
 * @property {number | null} firstMs from the request to the first token
 * @property {number | null} totalMs of the reply, prompt included
 * @property {number | null} perPass tokens of the reply for each pass of the model
 * @property {number | null} acceptance share of the drafted tokens
 * @property {number} drafted tokens
 * @property {number} cached tokens of the prompt that were not computed again
 */

/**
 * By the server's own clock once it has told it, till then by the page's.
 * @param {Recording} recording
 * @returns {Figures}
 */
export function figures(recording) {
  const { timings, rounds, arrivals, first, last } = recording;
  const tokens = timings?.predicted_n ?? arrivals.at(-1)?.tokens ?? 0;
  const drafted = timings?.draft_n ?? sum(rounds.map(({ nodes }) => nodes.length));
  const right = timings?.draft_n_accepted ?? sum(rounds.map(({ nodes }) => accepted(nodes)));
  const passes = timings?.rounds || rounds.length;
  const seconds = first === null ? 0 : (last - first) / 1000;
  return {
    tokens,
    perSecond: timings?.predicted_per_second ?? (seconds > 0 ? (tokens - arrivals[0].tokens) / seconds : null),
    firstMs: first,
    totalMs: timings ? timings.prompt_ms + timings.predicted_ms : last || null,
    perPass: passes > 0 && tokens > 0 ? tokens / passes : null,
    acceptance: drafted > 0 ? right / drafted : null,
    drafted,
    cached: timings?.cached_n ?? 0,
  };
}

/** @param {import('./recording.js').DraftNode[]} nodes */
function accepted(nodes) {
  return nodes.filter(({ state }) => state === 'accepted').length;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * A number for a person: three digits that matter, or a dash for none.
 * @param {number | null} value
 * @param {string} [unit]
 */
export function words(value, unit = '') {
  if (value === null || !Number.isFinite(value)) {
    return '–';
  }
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1))));
  return value.toFixed(Number.isInteger(value) ? 0 : digits) + unit;
}

/** @param {number | null} share */
export function percent(share) {
  return share === null ? '–' : words(Math.round(share * 1000) / 10, ' %');
}

/** @param {number | null} ms */
export function duration(ms) {
  return ms === null ? '–' : ms < 1000 ? `${Math.round(ms)} ms` : words(ms / 1000, ' s');
}
