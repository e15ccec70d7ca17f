/** Reads Server-Sent Events out of pieces of text, wherever these were cut. */
export interface Said {
  readonly kind: string;
  readonly data: string;
}

export class EventReader {
  #rest = '';
  #kind = '';
  #data: string[] = [];
  /** The id of the last event that had one: from there a stream goes on. */
  last = '';

  take(piece: string): Said[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    const said: Said[] = [];
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (this.#data.length > 0) said.push({ kind: this.#kind || 'message', data: this.#data.join('\n') });
        this.#kind = '';
        this.#data = [];
        continue;
      }
      const at = line.indexOf(':');
      if (at === 0) continue;
      const [field, value] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
      if (field === 'id') this.last = value;
      else if (field === 'event') this.#kind = value;
      else if (field === 'data') this.#data.push(value);
    }
    return said;
  }
}

/** How long to wait before the next try: doubling up to 15 s, and never all at the same moment. */
export function patience(tries: number, random: number): number {
  return Math.min(15_000, 500 * 2 ** tries) * (0.75 + random / 2);
}
