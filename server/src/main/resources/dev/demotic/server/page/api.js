/** The server's API, as the page uses it. Paths are relative: the page works behind any prefix. */

import { eventsOf } from './stream.js';

/**
 * @typedef {{name: string, summary: string, default: string}} Parameter
 * @typedef {{name: string, summary: string, citation: string, lossless: boolean, needs_draft: boolean, parameters: Parameter[]}} Method
 * @typedef {{architecture: string, parameters: number, context_length: number, draft: string | null, has_template: boolean}} ModelFacts
 * @typedef {{id: string, demotic?: ModelFacts}} Model
 */

/** What went wrong, in one sentence for a person. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} [status] of HTTP; 0 where there was no answer
   */
  constructor(message, status = 0) {
    super(sentence(message));
    this.status = status;
  }
}

export class Server {
  /** @param {() => string} key the API key; empty for none */
  constructor(key) {
    this.key = key;
  }

  /** @returns {Promise<Model[]>} */
  async models() {
    return (await this.#json('v1/models')).data;
  }

  /** @returns {Promise<Method[]>} */
  async methods() {
    return (await this.#json('api/methods')).methods;
  }

  /**
   * The chunks of a reply as they come.
   * @param {string} path
   * @param {object} request
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<any>}
   * @throws {ApiError} if the server refuses, fails or goes away
   */
  async *stream(path, request, signal) {
    const response = await this.#fetch(path, { method: 'POST', body: JSON.stringify(request), signal });
    try {
      for await (const data of eventsOf(/** @type {ReadableStream<Uint8Array>} */ (response.body))) {
        if (data === '[DONE]') {
          return;
        }
        const chunk = JSON.parse(data);
        if (chunk.error) {
          throw new ApiError(chunk.error.message, 500);
        }
        yield chunk;
      }
    } catch (problem) {
      throw problem instanceof ApiError || signal.aborted ? problem : brokenOff();
    }
    throw brokenOff();
  }

  /** @param {string} path */
  async #json(path) {
    return (await this.#fetch(path, {})).json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async #fetch(path, init) {
    /** @type {Record<string, string>} */
    const headers = init.body ? { 'Content-Type': 'application/json' } : {};
    if (this.key()) {
      headers.Authorization = `Bearer ${this.key()}`;
    }
    const response = await fetch(path, { ...init, headers }).catch((problem) => {
      throw init.signal?.aborted ? problem : new ApiError('The server cannot be reached; is it still running?');
    });
    if (!response.ok) {
      throw await refusal(response);
    }
    return response;
  }
}

/** @param {Response} response */
async function refusal(response) {
  const text = await response.text().catch(() => '');
  const wait = response.headers.get('Retry-After');
  const message = messageOf(text) || `The server answered ${response.status} ${response.statusText}`;
  return new ApiError(wait ? `${message.replace(/\.$/, '')}; try again in ${wait} s` : message, response.status);
}

/** @param {string} text */
function messageOf(text) {
  try {
    return JSON.parse(text).error?.message;
  } catch {
    return undefined;
  }
}

function brokenOff() {
  return new ApiError('The reply broke off: the connection to the server was lost');
}

/** @param {string} text */
function sentence(text) {
  const trimmed = text.trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}
