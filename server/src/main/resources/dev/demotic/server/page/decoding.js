/** The view of decoding as it happens: tokens, the draft tree of a round, figures and curves. */

import { lineChart } from './charts.js';
import { byId, h } from './dom.js';
import { perFrame } from './frame.js';
import { acceptance, duration, figures, percent, speed, words } from './statistics.js';
import { TokenStrip } from './tokens.js';
import { describe, drawTree } from './tree.js';

/** @typedef {import('./recording.js').Recording} Recording */

/** Drawing takes time that a server on the same machine could decode in. */
const PAUSE_MS = 80;

export class DecodingView {
  /** @type {Recording | null} */
  #recording = null;
  /** @type {number | null} the round that is drawn; null for always the last */
  #round = null;
  /** @type {import('./recording.js').Round | undefined} */
  #drawn;

  /** Draws again soon. */
  update = perFrame(() => this.#draw(), PAUSE_MS);

  /** @param {import('./tokens.js').Alternatives} alternatives */
  constructor(alternatives) {
    this.strip = new TokenStrip(byId('strip'), alternatives, (token) => this.#go(token.round));
    byId('round-back').addEventListener('click', () => this.step(-1));
    byId('round-on').addEventListener('click', () => this.step(1));
    byId('round-last').addEventListener('click', () => this.#go(null));
    byId('hide-rejected').addEventListener('change', (/** @type {any} */ { target }) =>
      byId('strip').classList.toggle('no-rejected', target.checked));
  }

  /** @param {Recording} recording */
  show(recording) {
    this.#recording = recording;
    this.#go(null);
  }

  /** @param {number} by how many rounds on or back */
  step(by) {
    const last = (this.#recording?.rounds.length ?? 0) - 1;
    const next = (this.#round ?? last) + by;
    this.#go(next >= last ? null : Math.max(next, 0));
  }

  /** @param {number | null} round */
  #go(round) {
    this.#round = round === -1 ? null : round;
    this.update();
  }

  #draw() {
    const recording = this.#recording;
    if (recording) {
      this.strip.show(recording);
      this.#drawRound(recording);
      showFigures(recording);
      byId('speed-chart').replaceChildren(
        lineChart([{ name: 'tokens a second', points: speed(recording) }], { title: 'Tokens a second', xName: 's' }),
      );
      byId('acceptance-chart').replaceChildren(
        lineChart([{ name: 'accepted', points: acceptance(recording) }], {
          title: 'Accepted share of the drafts', xName: 'rounds', start: 1, top: 1, format: percent,
        }),
      );
    }
  }

  /** @param {Recording} recording */
  #drawRound(recording) {
    const { rounds } = recording;
    const index = this.#round ?? rounds.length - 1;
    byId('round-last').setAttribute('aria-pressed', String(this.#round === null));
    // Read out when a person asked for it, not as rounds fly by.
    byId('round-name').setAttribute('aria-live', this.#round === null ? 'off' : 'polite');
    byId('round-back').disabled = index <= 0;
    byId('round-on').disabled = index >= rounds.length - 1;
    byId('round-name').textContent = rounds[index] ? nameOf(recording, index) : 'No round yet';
    if (this.#drawn !== rounds[index]) {
      this.#drawn = rounds[index];
      byId('tree').replaceChildren(...(rounds[index] ? [drawTree(rounds[index])] : []));
    }
  }
}

/**
 * @param {Recording} recording
 * @param {number} index
 */
function nameOf({ rounds }, index) {
  return `Round ${index + 1} of ${rounds.length}: ${describe(rounds[index])}`;
}

/** @param {Recording} recording */
function showFigures(recording) {
  const all = figures(recording);
  const pairs = [
    ['tokens', words(all.tokens)],
    ['tokens a second', words(all.perSecond)],
    ['tokens a pass', words(all.perPass)],
    ['accepted', all.acceptance === null ? '–' : `${percent(all.acceptance)} of ${all.drafted}`],
    ['first token after', duration(all.firstMs)],
    ['prompt from cache', words(all.cached)],
  ];
  byId('figures').replaceChildren(...pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}
