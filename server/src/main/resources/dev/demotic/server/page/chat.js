/** The conversation. */

import { copyButton } from './clipboard.js';
import { byId, h } from './dom.js';
import { perFrame } from './frame.js';
import { showMarkdown } from './markdown.js';
import { Recording } from './recording.js';
import { continuesText, record, requestOf } from './requests.js';
import { figures, words } from './statistics.js';

/**
 * @typedef {import('./requests.js').Message} Message
 * @typedef {import('./main.js').App} App
 */

export class Chat {
  /** @type {Message[]} */
  #messages = [];
  /** @type {AbortController | null} of the reply that is coming */
  #running = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.log = byId('log');
    this.prompt = byId('prompt');
    byId('composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.prompt.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#send();
      }
    });
    this.prompt.addEventListener('input', () => this.#fit());
    byId('stop').addEventListener('click', () => this.stop());
    byId('new-chat').addEventListener('click', () => this.clear());
  }

  /** @returns {boolean} whether there was something to stop */
  stop() {
    this.#running?.abort();
    return this.#running !== null;
  }

  clear() {
    this.stop();
    this.#messages = [];
    this.log.replaceChildren();
    this.app.problem.clear();
    this.prompt.focus();
  }

  #send() {
    const content = this.prompt.value;
    if (content.trim() === '' || this.#running || !this.app.model) {
      return;
    }
    this.prompt.value = '';
    this.#fit();
    this.#messages.push({ role: 'user', content });
    this.log.append(this.#question(content, this.#messages.length - 1));
    this.#reply();
  }

  /** Asks for the reply to the messages so far. */
  async #reply() {
    const { app } = this;
    const running = (this.#running = new AbortController());
    const recording = new Recording(performance.now());
    const answer = new Answer(recording, app);
    const update = perFrame(() => this.#keepEnd(() => answer.show()));
    const messages = this.#messages;
    app.problem.clear();
    app.decoding.show(recording);
    this.#keepEnd(() => this.log.append(answer.element));
    this.#showRunning(true, 'Thinking …');
    let ending = '';
    try {
      const request = requestOf(app.settings.values, app.model, messages, app.picker.request);
      await record(app.server, request, recording, running.signal, () => {
        update();
        app.decoding.update();
      });
      ending = recording.finishReason === 'length' ? 'The reply is as long as it may be.' : '';
    } catch (problem) {
      ending = running.signal.aborted ? 'Stopped.' : '';
      if (!running.signal.aborted && messages === this.#messages) {
        app.problem.show(problem, () => this.#again(messages.length - (recording.text ? 1 : 0)));
      }
    }
    this.#running = null;
    this.#showRunning(false, ending);
    app.decoding.update();
    this.#finish(answer, messages);
  }

  /**
   * @param {Answer} answer
   * @param {Message[]} messages
   */
  #finish(answer, messages) {
    const { text } = answer.recording;
    if (messages !== this.#messages) {
      return;
    }
    if (text === '') {
      answer.element.remove();
      return;
    }
    messages.push({ role: 'assistant', content: text });
    const index = messages.length - 1;
    this.#keepEnd(() => answer.finish(() => this.#again(index)));
  }

  /**
   * Takes the message of this index back, with all after it, and asks anew.
   * @param {number} index
   */
  #again(index) {
    if (!this.#running) {
      this.#cut(index);
      this.#reply();
    }
  }

  /** @param {number} index */
  #cut(index) {
    this.#messages.length = index;
    while (this.log.children.length > index) {
      this.log.lastChild.remove();
    }
  }

  /**
   * @param {string} content
   * @param {number} index
   */
  #question(content, index) {
    const edit = () => {
      if (!this.#running) {
        this.#cut(index);
        this.prompt.value = content;
        this.#fit();
        this.prompt.focus();
      }
    };
    return h(
      'article',
      { class: 'message user', 'aria-label': 'You' },
      h('div', { class: 'text' }, content),
      h('footer', {}, h('button', { type: 'button', click: edit }, 'Edit')),
    );
  }

  /**
   * Changes the log, and stays at its end if it was there.
   * @param {() => void} change
   */
  #keepEnd(change) {
    const { log } = this;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    change();
    if (isAtEnd) {
      log.scrollTop = log.scrollHeight;
    }
  }

  /**
   * @param {boolean} runs
   * @param {string} status
   */
  #showRunning(runs, status) {
    byId('stop').disabled = !runs;
    byId('send').disabled = runs;
    byId('status').textContent = status;
    // Screen readers wait for the whole reply instead of reading each piece of it.
    this.log.setAttribute('aria-busy', String(runs));
  }

  /** The box grows with its text, up to what the style allows. */
  #fit() {
    this.prompt.style.setProperty('height', 'auto');
    this.prompt.style.setProperty('height', `${this.prompt.scrollHeight + 2}px`);
  }
}

/** A reply in the log. */
class Answer {
  /**
   * @param {Recording} recording
   * @param {App} app
   */
  constructor(recording, app) {
    this.recording = recording;
    this.app = app;
    this.isPlain = continuesText(app.model);
    this.text = h('div', { class: this.isPlain ? 'text' : 'markdown' });
    this.footer = h('footer', {});
    this.element = h('article', { class: 'message assistant', 'aria-label': app.model.id }, this.text, this.footer);
  }

  show() {
    if (this.isPlain) {
      this.text.textContent = this.recording.text;
    } else {
      showMarkdown(this.text, this.recording.text);
    }
  }

  /** @param {() => void} again */
  finish(again) {
    const { tokens, perSecond, perPass } = figures(this.recording);
    const speed = perSecond === null ? '' : `, ${words(perSecond)} a second`;
    const passes = perPass === null ? '' : `, ${words(perPass)} a pass`;
    this.show();
    this.footer.replaceChildren(
      copyButton(() => this.recording.text),
      h('button', { type: 'button', click: again }, 'Again'),
      h('button', { type: 'button', click: () => this.#look() }, 'Decoding'),
      h('small', {}, `${tokens} tokens${speed}${passes}`),
    );
  }

  #look() {
    this.app.decoding.show(this.recording);
    this.app.view('decoding');
  }
}
