import { plain } from './format';

/** What a stream says of a log: text where its bytes are UTF-8, else the bytes in base 64. */
export interface LogPiece {
  log: string;
  offset: number;
  text?: string;
  bytes?: string;
}

const MOST = 200_000;

/** The logs of all ranks of a run, whole lines of each, wherever they were cut. */
export class Ranks {
  static readonly all = 'all';
  readonly #rests = new Map<string, string>();
  readonly #decoders = new Map<string, TextDecoder>();
  readonly #lines = new Map<string, string[]>();
  readonly #all: string[] = [];
  /** Lines that are no longer kept. */
  dropped = 0;

  get names(): string[] {
    return [...this.#lines.keys()].toSorted(usual);
  }

  /** Lines of one log; of all of them in the order in which they came, with their ranks where there are several. */
  lines(name: string): readonly string[] {
    return name === Ranks.all ? this.#all : (this.#lines.get(name) ?? []);
  }

  add(piece: LogPiece): void {
    const lines = this.#lines.get(piece.log) ?? [];
    this.#lines.set(piece.log, lines);
    const parts = ((this.#rests.get(piece.log) ?? '') + this.#text(piece)).split('\n');
    this.#rests.set(piece.log, parts.pop() ?? '');
    const several = new Set(this.names.map(rankOf)).size > 1;
    for (const part of parts) {
      const line = plain(part.endsWith('\r') ? part.slice(0, -1) : part);
      lines.push(line);
      this.#all.push(several ? `${rankOf(piece.log)} │ ${line}` : line);
    }
    for (const kept of [lines, this.#all])
      if (kept.length > MOST * 1.1) {
        if (kept === this.#all) this.dropped += kept.length - MOST;
        kept.splice(0, kept.length - MOST);
      }
  }

  #text(piece: LogPiece): string {
    if (piece.text !== undefined) return piece.text;
    const decoder = this.#decoders.get(piece.log) ?? new TextDecoder();
    this.#decoders.set(piece.log, decoder);
    return decoder.decode(
      Uint8Array.from(atob(piece.bytes ?? ''), (one) => one.charCodeAt(0)),
      { stream: true },
    );
  }
}

/** `main.0` of `main.0.out`. */
export const rankOf = (log: string) => log.replace(/\.(out|err)$/, '');

/** By role, then by number, then what was said before what went wrong. */
function usual(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
