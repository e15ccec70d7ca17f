/** How a node stood by the minute, as the admin API tells it. Everything here is pure. */
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
/** A part of a strip, in parts of its width. */
export interface Stretch {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

/** Values over time in seconds since 1970; what is not known is a gap. */
export function pointsOf(history: History, values: readonly (number | null)[], factor = 1): Point[] {
  const from = Date.parse(history.from) / 1000;
  return values.map((value, n) => [from + n * history.step, value == null ? NaN : value * factor]);
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
