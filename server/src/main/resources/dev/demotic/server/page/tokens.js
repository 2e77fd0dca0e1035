/** A reply as its tokens: the fate of each by colour and by mark, and what else the model found likely on hover and focus. */

import { h } from './dom.js';
import { percent } from './statistics.js';

/**
 * @typedef {import('./recording.js').Recording} Recording
 * @typedef {import('./recording.js').Token} Token
 */

const FATES = {
  accepted: 'drafted and accepted',
  rejected: 'drafted and rejected',
  bonus: "bonus, the model's own after a draft",
  own: "the model's own",
};

/**
 * A token's text with what would not be seen made visible.
 * @param {string} text
 */
export function visible(text) {
  return text === '' ? '∅' : text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ +| +$/g, (spaces) => '␣'.repeat(spaces.length));
}

/** The box beside the token that is looked at; one for the whole page. */
export class Alternatives {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
  }

  /**
   * @param {HTMLElement} anchor
   * @param {Token} token
   */
  show(anchor, token) {
    const own = token.probability === null ? '' : `, ${percent(token.probability)} likely`;
    const drafted = token.drafted === null ? null : h('p', {}, `The drafter gave it ${percent(token.drafted)}.`);
    this.box.replaceChildren(
      h('p', {}, h('b', {}, visible(token.text)), ` ${FATES[token.kind]}${own}`),
      ...(drafted ? [drafted] : []),
      ...(token.alternatives.length > 0 ? [this.#list(token)] : []),
    );
    this.box.hidden = false;
    anchor.setAttribute('aria-describedby', this.box.id);
    this.#place(anchor);
  }

  hide() {
    this.box.hidden = true;
  }

  /** @param {Token} token */
  #list({ text, alternatives }) {
    const rows = alternatives.map((other) => {
      const bar = h('meter', { min: 0, max: 1, value: other.probability, 'aria-hidden': 'true' });
      return h('li', { class: other.text === text ? 'taken' : null }, h('b', {}, visible(other.text)), bar, percent(other.probability));
    });
    return h('ol', {}, ...rows);
  }

  /** Below the token, or above where there is no room; never past the edge. */
  #place(/** @type {HTMLElement} */ anchor) {
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const below = at.bottom + 6;
    const top = below + height < innerHeight ? below : Math.max(4, at.top - height - 6);
    this.box.style.setProperty('left', `${Math.max(4, Math.min(at.left, innerWidth - width - 8))}px`);
    this.box.style.setProperty('top', `${top}px`);
  }
}

/** One stop of the Tab key; the arrow keys go from token to token. */
export class TokenStrip {
  /** @type {Recording | null} */
  #recording = null;
  /** @type {HTMLElement[]} */
  #spans = [];

  /**
   * @param {HTMLElement} element
   * @param {Alternatives} alternatives
   * @param {(token: Token) => void} [onPick] when a token is clicked or Enter is pressed on it
   */
  constructor(element, alternatives, onPick = () => {}) {
    this.element = element;
    this.alternatives = alternatives;
    this.onPick = onPick;
    element.addEventListener('keydown', (event) => this.#move(event));
    for (const name of ['pointerover', 'focusin']) {
      element.addEventListener(name, (event) => this.#look(event.target));
    }
    for (const name of ['pointerleave', 'focusout']) {
      element.addEventListener(name, () => alternatives.hide());
    }
    element.addEventListener('click', (event) => this.#pick(event.target));
  }

  /** @param {Recording} recording */
  show(recording) {
    if (this.#recording !== recording) {
      this.#recording = recording;
      this.#spans = [];
      this.element.replaceChildren();
    }
    const isAtEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40;
    const added = recording.tokens.slice(this.#spans.length).map(span);
    this.#spans.push(...added);
    this.element.append(...added);
    if (!this.element.querySelector('[tabindex="0"]')) {
      this.#spans[0]?.setAttribute('tabindex', '0');
    }
    if (isAtEnd) {
      this.element.scrollTop = this.element.scrollHeight;
    }
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const at = this.#indexOf(event.target);
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.#spans.length - 1 };
    if (at < 0) {
      return;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#pick(event.target);
    } else if (event.key in targets) {
      event.preventDefault();
      this.#focus(at, targets[event.key], Math.sign(targets[event.key] - at));
    }
  }

  /**
   * Steps over tokens that are hidden.
   * @param {number} from
   * @param {number} to
   * @param {number} step
   */
  #focus(from, to, step) {
    let next = to;
    while (this.#spans[next] && this.#spans[next].offsetParent === null) {
      next += step || 1;
    }
    if (this.#spans[next]) {
      this.#spans[from].setAttribute('tabindex', '-1');
      this.#spans[next].setAttribute('tabindex', '0');
      this.#spans[next].focus();
    }
  }

  /** @param {any} target */
  #look(target) {
    const at = this.#indexOf(target);
    if (at >= 0 && this.#recording) {
      this.alternatives.show(target, this.#recording.tokens[at]);
    }
  }

  /** @param {any} target */
  #pick(target) {
    const at = this.#indexOf(target);
    if (at >= 0 && this.#recording) {
      this.onPick(this.#recording.tokens[at]);
    }
  }

  /** @param {any} target */
  #indexOf(target) {
    return this.#spans.indexOf(target);
  }
}

/** @param {Token} token */
function span(token) {
  const text = token.kind === 'rejected' ? visible(token.text) : token.text.replaceAll('\n', '⏎\n') || '∅';
  const label = `${visible(token.text)}, ${token.kind}`;
  return h('span', { class: `token ${token.kind}`, role: 'button', tabindex: -1, 'aria-label': label }, text);
}
