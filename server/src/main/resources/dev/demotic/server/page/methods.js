/** Choosing a decoding method and its parameters. */

import { h } from './dom.js';

/**
 * @typedef {import('./api.js').Method} Method
 * @typedef {import('./settings.js').MethodChoice} MethodChoice
 */

export class MethodPicker {
  /** @type {Method[]} */
  #methods = [];

  /**
   * @param {HTMLSelectElement} select
   * @param {HTMLElement} details where the chosen method and its parameters are told
   * @param {MethodChoice} choice is kept up to date
   * @param {() => void} onChange
   */
  constructor(select, details, choice, onChange) {
    this.select = select;
    this.details = details;
    this.choice = choice;
    this.onChange = onChange;
    select.addEventListener('change', () => this.#choose(select.value));
  }

  /**
   * @param {Method[]} methods
   * @param {boolean} hasDraft whether the model has a draft model beside it
   */
  show(methods, hasDraft) {
    this.#methods = methods;
    const usable = methods.filter((method) => hasDraft || !method.needs_draft);
    const chosen = usable.some(({ name }) => name === this.choice.name) ? this.choice.name : usable[0]?.name ?? '';
    this.select.replaceChildren(
      ...methods.map((method) => {
        const missing = method.needs_draft && !hasDraft;
        const text = missing ? `${method.name} (needs a draft model)` : method.name;
        return h('option', { value: method.name, disabled: missing, title: method.summary }, text);
      }),
    );
    this.select.value = chosen;
    if (chosen) {
      this.#choose(chosen);
    }
  }

  /** @returns {Method | undefined} */
  get method() {
    return this.#methods.find(({ name }) => name === this.choice.name);
  }

  /** The choice as the API takes it: only parameters that were set. */
  get request() {
    const entries = Object.entries(this.#parameters).filter(([, value]) => value.trim() !== '');
    return { name: this.choice.name, parameters: Object.fromEntries(entries.map(([name, value]) => [name, typed(value)])) };
  }

  get #parameters() {
    return (this.choice.parameters[this.choice.name] ??= {});
  }

  /** @param {string} name */
  #choose(name) {
    this.choice.name = name;
    this.#describe();
    this.onChange();
  }

  #describe() {
    const { method } = this;
    if (method) {
      const kind = method.lossless ? 'lossless' : 'changes the text';
      this.details.replaceChildren(
        h('p', {}, h('b', {}, method.name), ` (${kind}): ${method.summary}.`),
        method.citation ? h('p', {}, h('small', {}, method.citation)) : '',
        h('div', { class: 'grid' }, ...method.parameters.map((parameter) => this.#field(parameter))),
      );
    }
  }

  /** @param {import('./api.js').Parameter} parameter */
  #field({ name, summary, default: placeholder }) {
    const parameters = this.#parameters;
    const field = h('input', {
      type: 'text', name, placeholder, value: parameters[name] ?? '', autocomplete: 'off', spellcheck: 'false',
      inputmode: /^\d+$/.test(placeholder) ? 'numeric' : null,
      input: ({ target }) => {
        parameters[name] = target.value;
        this.onChange();
      },
    });
    return h('label', {}, name, field, h('small', {}, summary));
  }
}

/** @param {string} value */
function typed(value) {
  return /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value.trim();
}
