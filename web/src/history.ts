/** How a node, or the whole cluster, stood by the minute, as the admin API tells it. Everything here is pure. */
import { span } from './format';
import type { Point } from './plot';

export interface History {
  step: number;
  from: string;
  spans: { state: string; from: string; to: string; why?: string }[];
  tasks: (number | null)[];
  slots: (number | null)[];
  memory_free: (number | null)[];
  latency_ms: (number | null)[];
  faults: (number | null)[];
}
export interface ClusterHistory {
  step: number;
  from: string;
  waiting: (number | null)[];
  oldest_wait: (number | null)[];
  running: (number | null)[];
  slots_held: (number | null)[];
  slots: (number | null)[];
  nodes_online: (number | null)[];
  nodes: (number | null)[];
  completed: (number | null)[];
  failed: (number | null)[];
  cancelled: (number | null)[];
}
type Times = Pick<History, 'from' | 'step'>;
/** A part of a strip, in parts of its width. */
export interface Stretch {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

/** Values over time in seconds since 1970; what is not known is a gap. */
export function pointsOf(history: Times, values: readonly (number | null)[], factor = 1): Point[] {
  const from = Date.parse(history.from) / 1000;
  return values.map((value, n) => [from + n * history.step, value == null ? NaN : value * factor]);
}

/**
 * What was counted, in intervals as a clock has them here: each has its sum from its beginning on, and the last goes on
 * up to now. One in which nobody looked is a gap.
 */
export function sumsOf(
  history: Times,
  values: readonly (number | null)[],
  every: number,
  zone = new Date(history.from).getTimezoneOffset() * 60,
): Point[] {
  const sums: [number, number][] = [];
  let interval = NaN;
  for (const [at, value] of pointsOf(history, values)) {
    const now = Math.floor((at - zone) / every);
    const last = sums.at(-1);
    if (!last || now !== interval) sums.push([last ? now * every + zone : at, value]);
    else if (!Number.isNaN(value)) last[1] = (Number.isNaN(last[1]) ? 0 : last[1]) + value;
    interval = now;
  }
  const end = Date.parse(history.from) / 1000 + (values.length - 1) * history.step;
  const last = sums.at(-1);
  if (last && end > last[0]) sums.push([end, last[1]]);
  return sums;
}

/** What became of the tasks, in a sentence. */
export function findingOf(history: ClusterHistory): string {
  const sum = (values: readonly (number | null)[]) => values.reduce<number>((all, value) => all + (value ?? 0), 0);
  const [done, failed, cancelled] = [sum(history.completed), sum(history.failed), sum(history.cancelled)];
  const longest = history.oldest_wait.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const parts = [`${done} completed`, `${failed} failed`];
  if (cancelled > 0) parts.push(`${cancelled} cancelled`);
  if (longest >= 60) parts.push(`longest wait ${span(longest * 1000)}`);
  return parts.join(', ');
}

/** States over the last hours, without a hole: a time in which nobody looked is a state of its own. */
export function stretches(history: History, hours: number, now: number): Stretch[] {
  const begin = now - hours * 3_600_000;
  const at = (time: number) => Math.min(1, Math.max(0, (time - begin) / (now - begin)));
  const all: Stretch[] = [];
  let end = 0;
  for (const span of history.spans) {
    const [from, to] = [at(Date.parse(span.from)), at(Date.parse(span.to))];
    if (to <= end) continue;
    if (from > end) all.push({ state: 'gap', from: end, to: from });
    all.push({ state: span.state, from: Math.max(from, end), to });
    end = to;
  }
  // what is younger than the last look is not a time in which nobody looked
  if (end < 1 && (1 - end) * (now - begin) > 120_000) all.push({ state: 'gap', from: end, to: 1 });
  return all;
}

/** One that was added just now: what is known of it still changes from look to look. */
export const isNew = (history: History) => history.tasks.length < 3;

/** For how much of the time that is known it answered, in a sentence. */
export function upShare(history: History): string {
  const length = (spans: History['spans']) =>
    spans.reduce((sum, span) => sum + Date.parse(span.to) - Date.parse(span.from), 0);
  const known = history.spans.filter((span) => span.state !== 'unknown');
  const down = known.filter((span) => span.state === 'offline');
  if (length(known) === 0) return 'No data yet';
  if (down.length === 0) return 'Online all the time';
  const part = (100 * length(down)) / length(known);
  const outages = down.length === 1 ? 'once' : `${down.length} times`;
  return `Offline ${outages}, ${part < 1 ? 'under 1' : Math.round(part)}% of the time`;
}
