import { byId } from './dom.js';

/** The line that says what went wrong, with a way out where there is one. */
export class Problem {
  #retry = () => {};

  constructor() {
    this.box = byId('problem');
    this.box.querySelector('.close').addEventListener('click', () => this.clear());
    this.box.querySelector('.retry').addEventListener('click', () => {
      this.clear();
      this.#retry();
    });
  }

  /**
   * @param {any} problem
   * @param {() => void} [retry]
   */
  show(problem, retry) {
    this.box.querySelector('span').textContent = problem.message;
    this.box.querySelector('.retry').hidden = !retry;
    this.#retry = retry ?? this.#retry;
    this.box.hidden = false;
  }

  clear() {
    this.box.hidden = true;
  }
}
