import { session } from './session';
import { EventReader, patience } from './stream';

export type Contact =
  | { is: 'connecting' }
  | { is: 'refused' }
  | { is: 'live' }
  | { is: 'lost'; since: number; next: number };

const SILENCE = 20_000;
const HIDDEN = 5_000;

/** One stream, read for as long as the window is seen, through every break. */
export class Following {
  contact: Contact = { is: 'connecting' };
  #last = '';
  #tries = 0;
  #stop: AbortController | null = null;
  #timer = 0;
  #hiding = 0;
  #closed = false;

  /** @param take Is told each message; a stream begins with `hello`, which says whether it goes on where it was. */
  constructor(
    readonly path: () => string,
    readonly take: (kind: string, data: never, before: Contact['is']) => void,
    readonly changed: () => void,
  ) {}

  start(): this {
    document.addEventListener('visibilitychange', this.#seen);
    addEventListener('pagehide', this.#left);
    this.again();
    return this;
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener('visibilitychange', this.#seen);
    removeEventListener('pagehide', this.#left);
    clearTimeout(this.#timer);
    clearTimeout(this.#hiding);
    this.#stop?.abort();
  }

  /** Connects anew, at once. */
  again(): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    void this.#read(stop).then(() => {
      if (this.#closed || (stop.signal.aborted && stop !== this.#stop)) return;
      if (document.hidden || session.asked) return;
      const wait = patience(this.#tries++, Math.random());
      this.contact = {
        is: 'lost',
        since: this.contact.is === 'lost' ? this.contact.since : Date.now(),
        next: Date.now() + wait,
      };
      this.#timer = setTimeout(() => this.again(), wait);
      this.changed();
    });
  }

  readonly #left = () => this.#stop?.abort();
  readonly #seen = () => {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = setTimeout(this.#left, HIDDEN);
    else if (!this.#stop || this.#stop.signal.aborted) this.again();
  };

  async #read(stop: AbortController): Promise<void> {
    let quiet = 0;
    const heard = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => stop.abort(), SILENCE);
    };
    try {
      heard();
      const answer = await fetch(this.path(), {
        headers: {
          ...session.headers,
          Accept: 'text/event-stream',
          ...(this.#last ? { 'Last-Event-ID': this.#last } : {}),
        },
        signal: stop.signal,
      });
      if (answer.status === 401) {
        this.contact = { is: 'refused' };
        session.over();
        this.changed();
      }
      if (!answer.ok || !answer.body) return;
      const reader = new EventReader();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop
        const { done, value } = await pieces.read();
        if (done) return;
        heard();
        for (const said of reader.take(value)) {
          const before = this.contact.is;
          if (said.kind === 'hello') {
            this.#tries = 0;
            this.contact = { is: 'live' };
          }
          this.take(said.kind, JSON.parse(said.data) as never, before);
        }
        this.#last = reader.last || this.#last;
      }
    } catch {
      // cut off, or closed by us
    } finally {
      clearTimeout(quiet);
    }
  }
}
