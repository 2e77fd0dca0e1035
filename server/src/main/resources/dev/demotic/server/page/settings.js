/** What the person chose, kept in this browser; the API key only until the tab is closed. */

import { byId, h } from './dom.js';

/**
 * @typedef {{name: string, parameters: Record<string, Record<string, string>>}} MethodChoice the settings of every method are
 *     kept, so that they are there when one comes back to it
 *
 * @typedef {object} Values
 * @property {string} model
 * @property {MethodChoice} chat
 * @property {MethodChoice} a
 * @property {MethodChoice} b
 * @property {Record<string, string>} sampling by the API's name; empty for the server's default
 * @property {string} stop one a line
 * @property {string} system
 * @property {boolean} decoding whether replies show how they were decoded
 * @property {boolean} singleKeys
 * @property {string} theme
 */

const STORE = 'demotic.settings';
const KEY = 'demotic.key';

/** @type {{name: string, label: string, min?: number, max?: number, step: string, hint: string}[]} */
const SAMPLING = [
  { name: 'temperature', label: 'Temperature', min: 0, step: 'any', hint: '0 takes the most likely token' },
  { name: 'top_p', label: 'Top-p', min: 0, max: 1, step: 'any', hint: '1 for all tokens' },
  { name: 'top_k', label: 'Top-k', min: 0, step: '1', hint: '0 for all tokens' },
  { name: 'min_p', label: 'Min-p', min: 0, max: 1, step: 'any', hint: '0 for all tokens' },
  { name: 'repetition_penalty', label: 'Repetition penalty', min: 0, step: 'any', hint: '1 for none' },
  { name: 'presence_penalty', label: 'Presence penalty', min: -2, max: 2, step: 'any', hint: '0 for none' },
  { name: 'frequency_penalty', label: 'Frequency penalty', min: -2, max: 2, step: 'any', hint: '0 for none' },
  { name: 'max_tokens', label: 'Most tokens', min: 1, step: '1', hint: 'of a reply' },
  { name: 'seed', label: 'Seed', step: '1', hint: 'the same gives the same text' },
  { name: 'top_logprobs', label: 'Alternatives', min: 0, max: 20, step: '1', hint: 'tokens shown beside each' },
];

/** @returns {Values} */
function defaults() {
  return {
    model: '',
    chat: { name: 'auto', parameters: {} },
    a: { name: 'plain', parameters: {} },
    b: { name: 'auto', parameters: {} },
    sampling: { temperature: '0.7', top_logprobs: '5' },
    stop: '',
    system: '',
    decoding: true,
    singleKeys: true,
    theme: 'system',
  };
}

export class Settings {
  constructor() {
    /** @type {Values} */
    this.values = { ...defaults(), ...stored() };
  }

  save() {
    localStorage.setItem(STORE, JSON.stringify(this.values));
    document.documentElement.dataset.theme = this.values.theme;
  }

  forget() {
    localStorage.removeItem(STORE);
    sessionStorage.removeItem(KEY);
  }

  key() {
    return sessionStorage.getItem(KEY) ?? '';
  }

  /** Fills the dialog with its fields. */
  show() {
    const { values } = this;
    byId('sampling').replaceChildren(
      ...SAMPLING.map((field) => this.#number(field)),
      this.#text('Stop at', values.stop, 'one a line', (text) => (values.stop = text)),
      this.#text('System message', values.system, 'begins every chat', (text) => (values.system = text)),
    );
    byId('page-settings').replaceChildren(
      this.#check('Show how replies are decoded', values.decoding, (on) => (values.decoding = on)),
      this.#check('Keyboard shortcuts of one key', values.singleKeys, (on) => (values.singleKeys = on)),
      this.#theme(),
      this.#key(),
    );
    this.save();
  }

  /** @param {typeof SAMPLING[number]} field */
  #number({ name, label, min, max, step, hint }) {
    const { sampling } = this.values;
    const field = h('input', {
      type: 'number', name, min, max, step, value: sampling[name] ?? '', placeholder: name === 'seed' ? 'random' : 'default',
      change: ({ target }) => this.#set(() => (sampling[name] = target.validity.valid ? target.value : '')),
    });
    return h('label', {}, label, field, h('small', {}, hint));
  }

  /**
   * @param {string} label
   * @param {string} value
   * @param {string} hint
   * @param {(text: string) => void} set
   */
  #text(label, value, hint, set) {
    const field = h('textarea', { rows: 2, change: ({ target }) => this.#set(() => set(target.value)) }, value);
    return h('label', { class: 'wide' }, label, field, h('small', {}, hint));
  }

  /**
   * @param {string} label
   * @param {boolean} value
   * @param {(on: boolean) => void} set
   */
  #check(label, value, set) {
    const box = h('input', { type: 'checkbox', checked: value, change: ({ target }) => this.#set(() => set(target.checked)) });
    return h('label', { class: 'check' }, box, ' ', label);
  }

  #theme() {
    const options = ['system', 'light', 'dark'].map((name) => h('option', { selected: name === this.values.theme }, name));
    const select = h('select', { change: ({ target }) => this.#set(() => (this.values.theme = target.value)) }, ...options);
    return h('label', {}, 'Colours', select);
  }

  #key() {
    const field = h('input', {
      type: 'password', id: 'api-key', value: this.key(), autocomplete: 'off',
      change: ({ target }) => {
        sessionStorage.setItem(KEY, target.value);
        document.dispatchEvent(new Event('key-changed'));
      },
    });
    return h('label', {}, 'API key', field, h('small', {}, 'if the server asks for one'));
  }

  /** @param {() => void} change */
  #set(change) {
    change();
    this.save();
  }
}

/** @returns {Partial<Values>} */
function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? '{}');
  } catch {
    return {};
  }
}
