/**
 * What became of one reply: its text, its tokens with their fates, its rounds, and when each came. Built from the chunks of a
 * streaming response, of chat or of completions; everything that draws decoding reads from here.
 */

/**
 * @typedef {{text: string, probability: number}} Alternative
 * @typedef {'accepted' | 'rejected' | 'bonus' | 'own'} Kind
 * @typedef {object} Token
 * @property {string} text
 * @property {Kind} kind
 * @property {number} round its index in rounds; -1 for none
 * @property {number | null} drafted how likely the drafter found it
 * @property {number | null} probability how likely the model found it
 * @property {Alternative[]} alternatives what else the model found likely
 *
 * @typedef {{parent: number, id: number, text: string, state: 'accepted' | 'rejected' | 'untested', probability: number | null}} DraftNode
 * @typedef {{nodes: DraftNode[], bonus: {id: number, text: string} | null, drafter: string | null, draft_ms: number, verify_ms: number}} Round
 *
 * @typedef {object} Timings
 * @property {number} prompt_n
 * @property {number} prompt_ms
 * @property {number} predicted_n
 * @property {number} predicted_ms
 * @property {number} predicted_per_second
 * @property {number} cached_n
 * @property {number} draft_n
 * @property {number} draft_n_accepted
 * @property {number} rounds
 */

export class Recording {
  text = '';
  /** @type {Token[]} only ever appended to */
  tokens = [];
  /** @type {Round[]} */
  rounds = [];
  /** @type {{time: number, tokens: number}[]} how many tokens of the reply had come by when, in ms since the request */
  arrivals = [];
  /** @type {Timings | null} of the server, once the reply is done */
  timings = null;
  /** @type {string | null} */
  finishReason = null;
  /** @type {number | null} when the first token came, in ms since the request */
  first = null;
  /** When the last chunk came, likewise. */
  last = 0;

  /** @type {Token[]} tokens of rounds, for which the model's probabilities have not come yet */
  #awaiting = [];
  #emitted = 0;
  #hasProbabilities = false;

  /** @param {number} start when the request went out, in ms */
  constructor(start) {
    this.start = start;
  }

  /**
   * @param {any} chunk
   * @param {number} now in ms, of the same clock as the start
   */
  add(chunk, now) {
    this.last = now - this.start;
    const before = this.#emitted;
    if (chunk.demotic?.round) {
      this.#addRound(chunk.demotic.round);
    }
    const choice = chunk.choices?.[0];
    if (choice) {
      this.#addChoice(choice);
    }
    this.timings = chunk.timings ?? this.timings;
    if (this.#emitted > before) {
      this.first ??= this.last;
      this.arrivals.push({ time: this.last, tokens: this.#emitted });
    }
  }

  /** @param {Round} round */
  #addRound(round) {
    const index = this.rounds.push(round) - 1;
    for (const state of /** @type {const} */ (['accepted', 'rejected'])) {
      for (const node of round.nodes.filter((node) => node.state === state)) {
        this.#append(state, node.text, index, node.probability);
      }
    }
    if (round.bonus) {
      this.#append(round.nodes.length > 0 ? 'bonus' : 'own', round.bonus.text, index, null);
    }
  }

  /** @param {any} choice */
  #addChoice(choice) {
    const content = choice.delta?.content ?? choice.text ?? '';
    const entries = entriesOf(choice.logprobs);
    this.text += content;
    this.finishReason = choice.finish_reason ?? this.finishReason;
    this.#hasProbabilities ||= entries.length > 0;
    entries.forEach((entry) => this.#addProbabilities(entry));
    if (content !== '' && !this.#hasProbabilities && this.rounds.length === 0) {
      this.#own(content);
    }
  }

  /**
   * Rounds come before their tokens' probabilities. Where the two disagree (a token cut within a character reads
   * differently in each), the order decides.
   * @param {Entry} entry
   */
  #addProbabilities(entry) {
    const match = this.#awaiting.findIndex((token) => token.text === entry.text);
    const passed = this.#awaiting.splice(0, Math.max(match, 0) + 1);
    const token = passed.at(-1) ?? this.#own(entry.text);
    token.probability = entry.probability;
    token.alternatives = entry.alternatives;
  }

  /**
   * A token of a round.
   * @param {Kind} kind
   * @param {string} text
   * @param {number} round
   * @param {number | null} drafted
   */
  #append(kind, text, round, drafted) {
    /** @type {Token} */
    const token = { text, kind, round, drafted, probability: null, alternatives: [] };
    this.tokens.push(token);
    if (kind !== 'rejected') {
      this.#awaiting.push(token);
      this.#emitted++;
    }
  }

  /**
   * A token that no round told of.
   * @param {string} text
   */
  #own(text) {
    /** @type {Token} */
    const token = { text, kind: 'own', round: -1, drafted: null, probability: null, alternatives: [] };
    this.tokens.push(token);
    this.#emitted++;
    return token;
  }
}

/** @typedef {{text: string, probability: number, alternatives: Alternative[]}} Entry */

/**
 * The tokens' probabilities, from the form of chat or the older one of completions.
 * @param {any} logprobs
 * @returns {Entry[]}
 */
function entriesOf(logprobs) {
  if (logprobs?.content) {
    return logprobs.content.map((/** @type {any} */ entry) => ({
      text: entry.token,
      probability: Math.exp(entry.logprob),
      alternatives: (entry.top_logprobs ?? []).map((/** @type {any} */ other) => ({
        text: other.token,
        probability: Math.exp(other.logprob),
      })),
    }));
  }
  return (logprobs?.tokens ?? []).map((/** @type {string} */ text, /** @type {number} */ i) => ({
    text,
    probability: Math.exp(logprobs.token_logprobs[i]),
    alternatives: Object.entries(logprobs.top_logprobs?.[i] ?? {}).map(([other, value]) => ({
      text: other,
      probability: Math.exp(Number(value)),
    })),
  }));
}
