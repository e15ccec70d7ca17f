import { type Read, Unreadable } from './zip';

const PAGE = 1 << 16;
const MOST = 64;
const AT_ONCE = 8 << 20;

/** A file that is read in places: what lies near each other is asked for once. */
export class Pages {
  readonly #known = new Map<number, Promise<Uint8Array>>();

  constructor(readonly read: Read) {}

  /** So many bytes from there on; less is a fault. */
  async view(at: number, length: number): Promise<DataView> {
    const bytes = await this.#take(at, length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** What a field of a file points to, up to so many bytes. */
  bytes({ at, count }: { at: number; count: number }, most: number): Promise<Uint8Array> {
    return this.#take(at, Math.min(count, most));
  }

  async #take(at: number, length: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(at) || at < 0 || length > AT_ONCE) throw new Unreadable('this file is damaged');
    const all = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const page = Math.floor((at + done) / PAGE);
      // oxlint-disable-next-line no-await-in-loop
      const bytes = (await this.#page(page)).subarray(at + done - page * PAGE);
      if (bytes.length === 0) throw new Unreadable('this file is cut off');
      all.set(bytes.subarray(0, length - done), done);
      done += Math.min(bytes.length, length - done);
    }
    return all;
  }

  #page(page: number): Promise<Uint8Array> {
    const known = this.#known.get(page);
    if (known) return known;
    const asked = this.read(page * PAGE, (page + 1) * PAGE).then(({ bytes }) => bytes);
    asked.catch(() => this.#known.delete(page)); // it may answer the next time
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MOST && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(page, asked);
    return asked;
  }
}
