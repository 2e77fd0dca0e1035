/** Two methods on the same prompt, seed and settings, one after the other so that neither takes the other's time. */

import { lineChart } from './charts.js';
import { byId, h } from './dom.js';
import { perFrame } from './frame.js';
import { MethodPicker } from './methods.js';
import { Recording } from './recording.js';
import { record, requestOf } from './requests.js';
import { duration, figures, percent, speed, words } from './statistics.js';
import { TokenStrip, visible } from './tokens.js';

const LARGEST_SEED = 2 ** 31;
/** Characters that are quoted on either side of the first difference. */
const CONTEXT = 12;
const PAUSE_MS = 80;

export class Compare {
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {import('./main.js').App} app
   * @param {import('./tokens.js').Alternatives} alternatives
   */
  constructor(app, alternatives) {
    this.app = app;
    this.sides = ['a', 'b'].map((name) => new Side(name, app, alternatives));
    byId('compare-form').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#run();
    });
    byId('compare-prompt').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#run();
      }
    });
    byId('compare-stop').addEventListener('click', () => this.stop());
  }

  /** @returns {boolean} whether there was something to stop */
  stop() {
    this.#running?.abort();
    return this.#running !== null;
  }

  /**
   * @param {import('./api.js').Method[]} methods
   * @param {boolean} hasDraft
   */
  show(methods, hasDraft) {
    this.sides.forEach((side) => side.picker.show(methods, hasDraft));
  }

  async #run() {
    const prompt = byId('compare-prompt').value;
    if (prompt.trim() === '' || this.#running || !this.app.model) {
      return;
    }
    const running = (this.#running = new AbortController());
    const seed = Number(this.app.settings.values.sampling.seed || Math.floor(Math.random() * LARGEST_SEED));
    this.app.problem.clear();
    byId('verdict').textContent = '';
    this.#showRunning(true);
    this.sides.forEach((side) => side.clear());
    try {
      for (const side of this.sides) {
        byId('compare-status').textContent = `${side.title} runs, seed ${seed} …`;
        await side.run(prompt, seed, running.signal, () => this.#draw());
      }
      this.#drawNow();
      byId('compare-status').textContent = `Done, seed ${seed}.`;
      byId('verdict').textContent = verdict(this.sides, Number(this.app.settings.values.sampling.temperature || 1));
    } catch (problem) {
      byId('compare-status').textContent = running.signal.aborted ? 'Stopped.' : '';
      if (!running.signal.aborted) {
        this.app.problem.show(problem, () => this.#run());
      }
    }
    this.#running = null;
    this.#showRunning(false);
    this.#draw();
  }

  #draw = perFrame(() => this.#drawNow(), PAUSE_MS);

  #drawNow() {
    this.sides.forEach((side) => side.draw());
    byId('compare-table').replaceChildren(table(this.sides));
    const series = this.sides.map(({ title, recording }) => ({ name: title, points: speed(recording) }));
    byId('compare-chart').replaceChildren(
      h('p', { class: 'legend' }, 'Tokens a second: A ', h('b', { class: 'key-0' }, '——'), ', B ', h('b', { class: 'key-1' }, '– –')),
      lineChart(series, { title: 'Tokens a second', xName: 's' }),
    );
  }

  /** @param {boolean} runs */
  #showRunning(runs) {
    byId('compare-run').disabled = runs;
    byId('compare-stop').disabled = !runs;
  }
}

/** One of the two: its method, and what became of its run. */
class Side {
  recording = new Recording(0);

  /**
   * @param {string} name
   * @param {import('./main.js').App} app
   * @param {import('./tokens.js').Alternatives} alternatives
   */
  constructor(name, app, alternatives) {
    this.app = app;
    this.letter = name.toUpperCase();
    const select = /** @type {HTMLSelectElement} */ (h('select', {}));
    const details = h('div', {});
    byId(`method-${name}`).append(h('label', {}, 'Method ', select), details);
    this.picker = new MethodPicker(select, details, app.settings.values[/** @type {'a' | 'b'} */ (name)], () => app.settings.save());
    this.strip = new TokenStrip(byId(`text-${name}`), alternatives);
  }

  get title() {
    return `${this.letter} (${this.picker.choice.name})`;
  }

  clear() {
    this.recording = new Recording(performance.now());
  }

  /**
   * @param {string} prompt
   * @param {number} seed
   * @param {AbortSignal} signal
   * @param {() => void} onChange
   */
  async run(prompt, seed, signal, onChange) {
    const { app } = this;
    const { path, body } = requestOf(app.settings.values, app.model, [{ role: 'user', content: prompt }], this.picker.request);
    this.clear();
    // Each computes the prompt itself: what the first left in the cache would flatter the second.
    await record(app.server, { path, body: { ...body, seed, cache_prompt: false } }, this.recording, signal, onChange);
  }

  draw() {
    this.strip.show(this.recording);
  }
}

/** @param {Side[]} sides */
function table(sides) {
  const [a, b] = sides.map(({ recording }) => figures(recording));
  /** @type {[string, (figures: import('./statistics.js').Figures) => string][]} */
  const rows = [
    ['time', ({ totalMs }) => duration(totalMs)],
    ['first token after', ({ firstMs }) => duration(firstMs)],
    ['tokens', ({ tokens }) => words(tokens)],
    ['tokens a second', ({ perSecond }) => words(perSecond)],
    ['tokens a pass', ({ perPass }) => words(perPass)],
    ['accepted', ({ acceptance }) => percent(acceptance)],
  ];
  return h(
    'table',
    {},
    h('thead', {}, h('tr', {}, h('td', {}), ...sides.map(({ title }) => h('th', { scope: 'col' }, title)))),
    h('tbody', {}, ...rows.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value(a)), h('td', {}, value(b))))),
  );
}

/**
 * Whether the texts are equal, and which method was faster.
 * @param {Side[]} sides
 * @param {number} temperature
 */
function verdict([a, b], temperature) {
  const [rateA, rateB] = [figures(a.recording).perSecond, figures(b.recording).perSecond];
  const ratio = rateA && rateB ? ` B decoded at ${words(rateB / rateA)} × the speed of A.` : '';
  return sameness(a, b, temperature) + ratio;
}

/** @type {(a: Side, b: Side, temperature: number) => string} */
function sameness(a, b, temperature) {
  const [textA, textB] = [a.recording.text, b.recording.text];
  if (textA === textB) {
    return 'The texts are equal.';
  }
  let at = 0;
  while (textA[at] === textB[at]) {
    at++;
  }
  /** @param {string} text */
  const around = (text) => `“${visible(text.slice(Math.max(0, at - CONTEXT), at + CONTEXT))}”`;
  const lossless = a.picker.method?.lossless && b.picker.method?.lossless;
  const why = lossless && temperature > 0 ? ' Above temperature 0 a draft model draws, too, and leads to another text that is just as likely.' : '';
  return `The texts differ from character ${at + 1} on: ${around(textA)} in A, ${around(textB)} in B.${why}`;
}
