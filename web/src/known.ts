import { useEffect, useState } from 'preact/hooks';
import { Following } from './follow';

export interface Port {
  name: string;
  rank: string;
  host: string;
  port: number;
}
export interface Run {
  id: string;
  name: string;
  site: string;
  host?: string;
  host_reason?: string;
  command: string[];
  state: string;
  reason?: string;
  where?: string;
  handle?: string;
  outcome?: string;
  code?: number;
  started_at?: string;
  ended_at?: string;
  evidence?: { source: string; text: string };
  seen_at?: string;
  unreachable_since?: string;
  cancel_wished: boolean;
  interrupted: boolean;
  created_at: string;
  commit?: string;
  branch?: string;
  container?: string;
  ports: Port[];
  notes: string[];
  fetched_to?: string;
}
export const wordOf = (run: Run) => run.outcome ?? run.state;
export const isLive = (run: Run) => run.state !== 'ended';
export const placeOf = (run: Run) => (run.host && run.host !== run.site ? `${run.site}: ${run.host}` : run.site);

/** A command as a shell takes it. */
export const shown = (command: readonly string[]) =>
  command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');

/** All runs, from one stream for the window. */
export class Known {
  runs = new Map<string, Run>();
  version = '';
  skew = 0;
  loaded = false;
  readonly #listeners = new Set<() => void>();
  readonly stream = new Following(
    () => 'api/v1/live',
    (kind, data) => {
      if (kind === 'hello') {
        const hello = data as { version: string; now: string };
        this.version = hello.version;
        this.skew = Date.parse(hello.now) - Date.now();
        this.runs = new Map();
      } else if (kind === 'runs') {
        const { changed, gone } = data as { changed: Run[]; gone: string[] };
        for (const run of changed) this.runs.set(run.id, run);
        for (const id of gone) this.runs.delete(id);
        this.loaded = true;
      }
      this.tell();
    },
    () => this.tell(),
  );

  tell(): void {
    for (const listener of this.#listeners) listener();
  }
  listen(listener: () => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export const known = new Known();

export function useKnown(): Known {
  const [, set] = useState(0);
  useEffect(() => known.listen(() => set((n) => n + 1)), []);
  return known;
}
