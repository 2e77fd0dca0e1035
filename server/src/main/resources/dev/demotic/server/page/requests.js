/** Puts requests together, and records what comes of them. */

/**
 * @typedef {{role: 'system' | 'user' | 'assistant', content: string}} Message
 * @typedef {import('./api.js').Model} Model
 * @typedef {import('./settings.js').Values} Values
 */

/**
 * A model without a chat template knows no roles: it goes on with the text.
 * @param {Values} values
 * @param {Model} model
 * @param {Message[]} messages
 * @param {object} method
 */
export function requestOf(values, model, messages, method) {
  const common = {
    model: model.id,
    stream: true,
    stream_options: { include_usage: true },
    method,
    ...sampling(values),
    ...(values.decoding ? { trace: true } : {}),
  };
  const alternatives = values.decoding ? Number(values.sampling.top_logprobs) || 0 : 0;
  if (continuesText(model)) {
    const prompt = messages.map(({ content }) => content).join('\n');
    return { path: 'v1/completions', body: { ...common, prompt, ...(alternatives > 0 ? { logprobs: alternatives } : {}) } };
  }
  const system = values.system.trim() ? [{ role: 'system', content: values.system }] : [];
  const logprobs = alternatives > 0 ? { logprobs: true, top_logprobs: alternatives } : {};
  return { path: 'v1/chat/completions', body: { ...common, messages: [...system, ...messages], ...logprobs } };
}

/** @param {Model} model */
export function continuesText(model) {
  return model.demotic?.has_template === false;
}

/** @param {Values} values */
function sampling({ sampling: fields, stop }) {
  const set = Object.entries(fields).filter(([name, value]) => value !== '' && name !== 'top_logprobs');
  const ends = stop.split('\n').filter((line) => line !== '');
  return { ...Object.fromEntries(set.map(([name, value]) => [name, Number(value)])), ...(ends.length > 0 ? { stop: ends } : {}) };
}

/**
 * Records a reply to its end.
 * @param {import('./api.js').Server} server
 * @param {{path: string, body: object}} request
 * @param {import('./recording.js').Recording} recording
 * @param {AbortSignal} signal
 * @param {() => void} onChange
 */
export async function record(server, { path, body }, recording, signal, onChange) {
  for await (const chunk of server.stream(path, body, signal)) {
    recording.add(chunk, performance.now());
    onChange();
  }
}
