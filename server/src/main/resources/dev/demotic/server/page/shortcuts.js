/** The keyboard. Keys without Ctrl or Alt work only outside of fields, and can be switched off in the settings. */

import { byId, h } from './dom.js';

/**
 * @typedef {{key: string, does: string, run: () => void}} Shortcut
 */

/**
 * @param {Shortcut[]} shortcuts
 * @param {{stop: () => void, singleKeys: () => boolean}} options stop is for Esc, everywhere
 */
export function listen(shortcuts, { stop, singleKeys }) {
  document.addEventListener('keydown', (event) => {
    if (document.querySelector('dialog[open]') || event.isComposing) {
      return;
    }
    if (event.key === 'Escape') {
      stop();
      return;
    }
    const shortcut = shortcuts.find(({ key }) => key === event.key);
    if (shortcut && singleKeys() && !event.ctrlKey && !event.altKey && !event.metaKey && !isField(event.target)) {
      event.preventDefault();
      shortcut.run();
    }
  });
  const fixed = [
    ['Enter', 'send the message'],
    ['Shift + Enter', 'start a line'],
    ['Ctrl + Enter', 'run both, in the comparison'],
    ['Esc', 'stop the reply, or close what is open'],
    ['← →, Home, End', 'go from token to token'],
    ['Enter on a token', 'draw its round'],
  ];
  const rows = [...fixed, ...shortcuts.map(({ key, does }) => [key, does])];
  byId('shortcuts').replaceChildren(...rows.map(([key, does]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, does))));
}

/** @param {any} target */
function isField(target) {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select');
}
