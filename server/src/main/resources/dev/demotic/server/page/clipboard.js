import { h } from './dom.js';

/**
 * A button that copies a text.
 * @param {() => string} text
 * @param {string} [name]
 */
export function copyButton(text, name = 'Copy') {
  const button = h('button', { type: 'button', class: 'copy', click: () => copy(text()).then(said, failed) }, name);
  const said = () => say('Copied');
  const failed = () => say('Not allowed');
  /** @param {string} word */
  function say(word) {
    button.textContent = word;
    setTimeout(() => (button.textContent = name), 1500);
  }
  return button;
}

/**
 * Browsers give the clipboard only to pages over HTTPS or from this machine; elsewhere the old command still works.
 * @param {string} text
 */
async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text);
  }
  const area = /** @type {HTMLTextAreaElement} */ (h('textarea', { class: 'hidden' }));
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) {
    throw new Error('the browser does not let pages copy');
  }
}
