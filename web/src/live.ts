import { useEffect, useState } from 'preact/hooks';
import type { Health, NodeEntry, TaskEntry } from './api';
import { EventReader, patience } from './stream';

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
export type Contact = { is: 'connecting' } | { is: 'live' } | { is: 'lost'; since: number; next: number };

const SILENCE = 20_000;
const HIDDEN = 5_000;

/** How things stand, from one stream for the whole window. It is closed while the window is hidden. */
class Live {
  contact: Contact = { is: 'connecting' };
  counts: Health | null = null;
  nodes = new Map<string, NodeEntry>();
  /** What the server's clock is ahead of ours. */
  skew = 0;
  readonly #listeners = new Set<() => void>();
  readonly #tasks = new Set<(news: TaskNews | null) => void>();
  readonly #logs = new Set<(news: LogNews) => void>();
  #watched: readonly string[] = [];
  #log = '';
  #last = '';
  #tries = 0;
  #stop: AbortController | null = null;
  #timer = 0;

  start(): void {
    let hiding = 0;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hiding);
      if (document.hidden) hiding = setTimeout(() => this.#stop?.abort(), HIDDEN);
      else if (!this.#stop || this.#stop.signal.aborted) this.again();
    });
    addEventListener('pagehide', () => this.#stop?.abort());
    this.again();
  }

  /** Connects anew, at once. */
  again(): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    void this.#read(stop).then(() => {
      if (stop.signal.aborted && stop !== this.#stop) return;
      if (document.hidden) return;
      const wait = patience(this.#tries++, Math.random());
      this.contact = {
        is: 'lost',
        since: this.contact.is === 'lost' ? this.contact.since : Date.now(),
        next: Date.now() + wait,
      };
      this.#timer = setTimeout(() => this.again(), wait);
      this.#changed();
    });
  }

  async #read(stop: AbortController): Promise<void> {
    let quiet = 0;
    const heard = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => stop.abort(), SILENCE);
    };
    try {
      heard();
      const query = new URLSearchParams();
      if (this.#watched.length > 0) query.set('tasks', this.#watched.join(','));
      if (this.#log) query.set('log', this.#log);
      const answer = await fetch(`api/v1/live?${query}`, {
        headers: { Accept: 'text/event-stream', ...(this.#last ? { 'Last-Event-ID': this.#last } : {}) },
        signal: stop.signal,
      });
      if (!answer.ok || !answer.body) return;
      const reader = new EventReader();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop
        const { done, value } = await pieces.read();
        if (done) return;
        heard();
        for (const said of reader.take(value)) this.#take(said.kind, JSON.parse(said.data) as never);
        this.#last = reader.last || this.#last;
      }
    } catch {
      // cut off, or closed by us
    } finally {
      clearTimeout(quiet);
    }
  }

  #take(kind: string, data: never): void {
    if (kind === 'hello') {
      const hello = data as { now: string; resumed: boolean };
      this.skew = Date.parse(hello.now) - Date.now();
      this.#tries = 0;
      const back = this.contact.is === 'lost';
      this.contact = { is: 'live' };
      if (!hello.resumed && back) this.#tasks.forEach((listener) => listener(null));
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
