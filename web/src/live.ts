import { useEffect, useState } from 'preact/hooks';
import type { Health, NodeEntry, TaskEntry } from './api';
import { Following } from './follow';

export interface TaskNews {
  changed: TaskEntry[];
  gone: string[];
  others: number;
}
export interface LogNews {
  task: string;
  from: number;
  lines: string[];
}
/** How things stand, from one stream for the whole window. It is closed while the window is hidden. */
class Live {
  counts: Health | null = null;
  nodes = new Map<string, NodeEntry>();
  /** What the server's clock is ahead of ours. */
  skew = 0;
  readonly #listeners = new Set<() => void>();
  readonly #tasks = new Set<(news: TaskNews | null) => void>();
  readonly #logs = new Set<(news: LogNews) => void>();
  #watched: readonly string[] = [];
  #log = '';
  readonly #stream = new Following(
    () => {
      const query = new URLSearchParams();
      if (this.#watched.length > 0) query.set('tasks', this.#watched.join(','));
      if (this.#log) query.set('log', this.#log);
      return `api/v1/live?${query}`;
    },
    (kind, data, before) => this.#take(kind, data, before),
    () => this.#changed(),
  );

  get contact() {
    return this.#stream.contact;
  }
  start = () => void this.#stream.start();
  again = () => this.#stream.again();

  #take(kind: string, data: never, before: string): void {
    if (kind === 'hello') {
      const hello = data as { now: string; resumed: boolean };
      this.skew = Date.parse(hello.now) - Date.now();
      if (!hello.resumed && before !== 'connecting') this.#tasks.forEach((listener) => listener(null));
    } else if (kind === 'counts') this.counts = data;
    else if (kind === 'nodes') {
      const { changed, gone } = data as { changed: NodeEntry[]; gone: string[] };
      for (const node of changed) this.nodes.set(node.id, node);
      for (const id of gone) this.nodes.delete(id);
      this.nodes = new Map(this.nodes);
    } else if (kind === 'tasks') this.#tasks.forEach((listener) => listener(data));
    else if (kind === 'log') this.#logs.forEach((listener) => listener(data));
    this.#changed();
  }

  /** The tasks in sight, whose changes are told. */
  watch(tasks: readonly string[], log = ''): void {
    if (tasks.join() === this.#watched.join() && log === this.#log) return;
    this.#watched = tasks;
    this.#log = log;
    this.again();
  }

  now = () => Date.now() + this.skew;

  listen(listener: () => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  onTasks(listener: (news: TaskNews | null) => void) {
    this.#tasks.add(listener);
    return () => void this.#tasks.delete(listener);
  }
  onLog(listener: (news: LogNews) => void) {
    this.#logs.add(listener);
    return () => void this.#logs.delete(listener);
  }
  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const live = new Live();

/** Draws anew when something changed. */
export function useLive(): Live {
  const [, set] = useState(0);
  useEffect(() => live.listen(() => set((n) => n + 1)), []);
  return live;
}
