/** Hands a task in, file by file, each as often as it takes. */

export interface Wish {
  readonly name: string;
  readonly options: readonly { name: string; value: unknown }[];
}
export interface Progress {
  readonly done: number;
  readonly files: number;
  readonly sent: number;
  readonly bytes: number;
  readonly speed: number;
  readonly is: 'sending' | 'waiting' | 'paused' | 'committing';
  readonly why?: string;
}

/** What the server said to a request: its words where it refused. `again` when trying once more may help. */
export class Denied extends Error {
  constructor(
    message: string,
    readonly again: boolean,
    readonly status = 0,
  ) {
    super(message);
  }
}

const AT_ONCE = 4;
const WINDOW = 10_000;

/** An id as servers take it; `crypto.randomUUID` is missing on plain HTTP. */
export function newId(random: Uint8Array = crypto.getRandomValues(new Uint8Array(16))): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** What a server's answer to an upload means. One with `error` is a failure, whatever its status. */
export function verdict(status: number, text: string): Denied | null {
  let said: { error?: unknown; noRetry?: unknown } = {};
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    return new Denied(
      status === 401 ? 'The token is not accepted' : `The server answered ${status}`,
      status !== 401 && status !== 413,
      status,
    );
  }
  if (said && typeof said.error === 'string')
    return new Denied(said.error, said.noRetry !== true && status !== 401, status);
  return status >= 400 ? new Denied(`The server answered ${status}`, status >= 500, status) : null;
}

export class Upload {
  paused = false;
  #cancelled = false;
  #done = 0;
  #sent = 0;
  #under = new Map<File, number>();
  #requests = new Set<XMLHttpRequest>();
  #marks: [at: number, sent: number][] = [];
  #wake: (() => void)[] = [];
  #trouble = '';
  #committing = false;
  readonly #bytes: number;

  constructor(
    readonly files: readonly File[],
    readonly wish: Wish,
    readonly token: string,
    readonly changed: (progress: Progress) => void,
    readonly id = newId(),
    /** What the server has already, of an upload that goes on. */
    readonly there: { readonly files: number; readonly bytes: number } = { files: 0, bytes: 0 },
  ) {
    this.#bytes = there.bytes + files.reduce((sum, file) => sum + file.size, 0);
    this.#done = there.files;
    this.#sent = there.bytes;
  }

  async run(): Promise<string> {
    const form = new FormData();
    form.set('name', this.wish.name);
    form.set('options', JSON.stringify(this.wish.options));
    // a server that knows the id says so again
    await this.#persist(() => this.#post('task/new/init', form, { 'set-uuid': this.id }));
    const rest = [...this.files];
    const one = async () => {
      for (let file = rest.shift(); file; file = rest.shift()) {
        const next = file;
        const part = new FormData();
        part.append('images', next, next.name);
        // each of the four sends its files one after another
        // oxlint-disable-next-line no-await-in-loop
        await this.#persist(() => this.#post(`task/new/upload/${this.id}`, part, {}, next));
        this.#done++;
        this.#sent += next.size;
        this.#under.delete(next);
        this.#tell();
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, this.files.length) }, one));
    this.#committing = true;
    this.#tell();
    await this.#persist(() => this.#post(`task/new/commit/${this.id}`, new FormData(), {}));
    return this.id;
  }

  pause(paused: boolean): void {
    this.paused = paused;
    if (paused) for (const request of this.#requests) request.abort();
    else for (const wake of this.#wake.splice(0)) wake();
    this.#tell();
  }

  cancel(): void {
    this.#cancelled = true;
    this.pause(false);
    for (const request of this.#requests) request.abort();
  }

  async #persist(act: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries++) {
      if (this.#cancelled) throw new Denied('Cancelled', false);
      // oxlint-disable-next-line no-await-in-loop
      if (this.paused) await new Promise<void>((wake) => this.#wake.push(wake));
      try {
        // oxlint-disable-next-line no-await-in-loop
        await act();
        this.#trouble = '';
        return;
      } catch (fault) {
        if (this.#cancelled) throw new Denied('Cancelled', false);
        if (!(fault instanceof Denied) || !fault.again) throw fault;
        if (this.paused) continue;
        this.#trouble = fault.message;
        this.#tell();
        const wait = Math.min(15_000, 500 * 2 ** tries);
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((wake) => {
          setTimeout(wake, wait);
          addEventListener('online', () => wake(), { once: true });
        });
      }
    }
  }

  #post(path: string, body: FormData, headers: Record<string, string>, file?: File): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#requests.add(request);
      request.open('POST', this.token ? `${path}?token=${encodeURIComponent(this.token)}` : path);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (file)
        request.upload.addEventListener('progress', ({ loaded }) => {
          this.#under.set(file, Math.min(loaded, file.size));
          this.#tell();
        });
      request.addEventListener('loadend', () => {
        this.#requests.delete(request);
        if (file) this.#under.delete(file);
        if (request.status === 0) reject(new Denied('the network is away', true));
        else {
          const wrong = verdict(request.status, request.responseText);
          if (wrong) reject(wrong);
          else resolve();
        }
      });
      request.send(body);
    });
  }

  #tell(): void {
    const sent = this.#sent + [...this.#under.values()].reduce((sum, part) => sum + part, 0);
    const now = Date.now();
    this.#marks.push([now, sent]);
    while (this.#marks.length > 2 && now - this.#marks[0]![0] > WINDOW) this.#marks.shift();
    const [[from, before]] = this.#marks as [[number, number]];
    this.changed({
      done: this.#done,
      files: this.there.files + this.files.length,
      sent,
      bytes: this.#bytes,
      speed: now > from ? Math.max(0, ((sent - before) * 1000) / (now - from)) : 0,
      is: this.paused ? 'paused' : this.#trouble ? 'waiting' : this.#committing ? 'committing' : 'sending',
      ...(this.#trouble ? { why: this.#trouble } : {}),
    });
  }
}
