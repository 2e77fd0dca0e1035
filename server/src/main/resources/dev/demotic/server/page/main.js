/** Puts the page together. */

import { Server } from './api.js';
import { Chat } from './chat.js';
import { Compare } from './compare.js';
import { DecodingView } from './decoding.js';
import { byId, h } from './dom.js';
import { MethodPicker } from './methods.js';
import { Problem } from './problem.js';
import { Settings } from './settings.js';
import { listen } from './shortcuts.js';
import { Alternatives } from './tokens.js';

/**
 * What the parts of the page share.
 * @typedef {object} App
 * @property {Server} server
 * @property {Settings} settings
 * @property {Problem} problem
 * @property {DecodingView} decoding
 * @property {MethodPicker} picker of the chat's method
 * @property {any} model that is chosen; undefined until the server has told its models
 * @property {(name: string) => void} view shows one of the views
 */

const settings = new Settings();
const { values } = settings;
const alternatives = new Alternatives(byId('alternatives'));

/** @type {App} */
const app = {
  settings,
  server: new Server(() => settings.key()),
  problem: new Problem(),
  decoding: new DecodingView(alternatives),
  picker: new MethodPicker(byId('method'), byId('method-settings'), values.chat, () => settings.save()),
  model: undefined,
  view,
};
const chat = new Chat(app);
const compare = new Compare(app, alternatives);

/** @type {import('./api.js').Model[]} */
let models = [];
/** @type {import('./api.js').Method[]} */
let methods = [];

/** @param {string} name */
function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll('[data-show]')) {
    const isShown = /** @type {HTMLElement} */ (button).dataset.show === name;
    button[isShown ? 'setAttribute' : 'removeAttribute']('aria-current', 'page');
  }
}

/** Asks the server what it has. */
async function load() {
  try {
    [models, methods] = await Promise.all([app.server.models(), app.server.methods()]);
    byId('model').replaceChildren(...models.map(({ id }) => h('option', { value: id, selected: id === values.model }, id)));
    app.problem.clear();
    chooseModel();
  } catch (/** @type {any} */ problem) {
    app.problem.show(problem, load);
    if (problem.status === 401) {
      byId('settings').showModal();
      byId('api-key').focus();
    }
  }
}

function chooseModel() {
  app.model = models.find(({ id }) => id === byId('model').value);
  if (!app.model) {
    app.problem.show(new Error('The server has no model loaded.'), load);
    return;
  }
  const { draft, has_template: hasTemplate } = app.model.demotic ?? {};
  const hasDraft = Boolean(draft);
  values.model = app.model.id;
  byId('model').title = describe(app.model);
  byId('prompt').placeholder =
    hasTemplate === false
      ? 'Begin a text: this model has no chat template and goes on with it (Enter sends)'
      : 'Ask something (Enter sends, Shift+Enter starts a line)';
  app.picker.show(methods, hasDraft);
  compare.show(methods, hasDraft);
  settings.save();
}

/** @param {import('./api.js').Model} model */
function describe({ id, demotic }) {
  if (!demotic) {
    return id;
  }
  const size = Intl.NumberFormat('en', { notation: 'compact' }).format(demotic.parameters);
  const draft = demotic.draft ? `, drafts by ${demotic.draft}` : '';
  return `${demotic.architecture}, ${size} parameters, context of ${demotic.context_length} tokens${draft}`;
}

function stop() {
  alternatives.hide();
  const stopped = [chat.stop(), compare.stop()];
  if (!stopped.includes(true)) {
    app.problem.clear();
  }
}

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => view(/** @type {HTMLElement} */ (button).dataset.show ?? 'chat'));
}
for (const name of ['settings', 'help']) {
  byId(`open-${name}`).addEventListener('click', () => byId(name).showModal());
}
byId('model').addEventListener('change', chooseModel);
byId('reset').addEventListener('click', () => {
  settings.forget();
  location.reload();
});
document.addEventListener('key-changed', load);

/** @param {string} name @param {string} field */
const go = (name, field) => () => {
  view(name);
  byId(field).focus();
};
listen(
  [
    { key: '/', does: 'write a message', run: go('chat', 'prompt') },
    { key: 'n', does: 'start a new chat', run: () => (view('chat'), chat.clear()) },
    { key: 'm', does: 'choose a model', run: () => byId('model').focus() },
    { key: 'e', does: 'choose a method', run: () => byId('method').focus() },
    { key: 's', does: 'open the settings', run: () => byId('settings').showModal() },
    { key: 'd', does: 'look at the decoding', run: () => (view('decoding'), byId('strip').querySelector('[tabindex="0"]')?.focus()) },
    { key: '[', does: 'draw the round before', run: () => app.decoding.step(-1) },
    { key: ']', does: 'draw the round after', run: () => app.decoding.step(1) },
    { key: 'c', does: 'compare two methods', run: go('compare', 'compare-prompt') },
    { key: '?', does: 'show these keys', run: () => byId('help').showModal() },
  ],
  { stop, singleKeys: () => values.singleKeys },
);
settings.show();
load();
byId('prompt').focus();
