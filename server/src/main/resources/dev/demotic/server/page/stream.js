/** Server-sent events (WHATWG HTML, section 9.2), of which the page needs the data alone. */

/** Takes the text of a stream piece by piece, wherever it was cut, and gives the data of each event that is whole. */
export class EventParser {
  #rest = '';
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text
   * @returns {string[]} the data of the events that this piece completes
   */
  push(text) {
    const lines = this.#lines(text);
    const events = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) {
          events.push(this.#data.join('\n'));
        }
        this.#data = [];
      } else if (line === 'data' || line.startsWith('data:')) {
        this.#data.push(line.slice('data:'.length).replace(/^ /, ''));
      }
    }
    return events;
  }

  /**
   * Lines end in CR LF, LF or CR; a CR at the end of a piece waits for the LF that may follow.
   * @param {string} text
   */
  #lines(text) {
    const whole = this.#rest + text;
    const held = whole.endsWith('\r') ? '\r' : '';
    const lines = whole.slice(0, whole.length - held.length).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + held;
    return lines;
  }
}

/**
 * The data of the events in a response's body.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<string>}
 */
export async function* eventsOf(body) {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield* parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) {
        return;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
