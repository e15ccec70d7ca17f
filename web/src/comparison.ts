import { useEffect, useState } from 'preact/hooks';
import { get } from './api';
import type { Line } from './chart';
import { number } from './plot';

interface Value {
  value: number | string;
  step: number;
}
export interface Metric {
  name: string;
  less_is_better: boolean;
  last: Value;
  least?: Value;
  most?: Value;
  points: Value[];
}
export interface Compared {
  id: string;
  name: string;
  index?: number;
  state: string;
  seconds?: number;
  parameters: Record<string, string>;
  metrics: Metric[];
  commit?: string;
}
export interface CodeChange {
  from: string;
  to: string;
  files: string[];
  added: number;
  removed: number;
}
export interface Comparison {
  runs: Compared[];
  differs: string[];
  code: CodeChange[];
  notes?: string[];
}
export interface Usage {
  cpus?: number;
  memory_mb?: number;
  ranks: {
    rank: string;
    times: number[];
    cores: (number | null)[];
    memory: (number | null)[];
    gpu: (number | null)[];
    gpu_memory: (number | null)[];
    disk: (number | null)[];
  }[];
}

const EVERY = 15_000;

/** What runs measured: what is known at once, then what their sites say, and again as long as one of them goes on. */
export function useComparison(ids: readonly string[], live: boolean) {
  const [found, set] = useState<Comparison | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [asking, setAsking] = useState(true);
  const query = ids.map((id) => `run=${encodeURIComponent(id)}`).join('&');
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const ask = async () => {
      if (document.visibilityState === 'visible') {
        setAsking(true);
        await get<Comparison>(`/compare?${query}`).then(
          (answer) => {
            if (gone) return;
            set(answer);
            setFault(null);
          },
          (refused) => !gone && setFault(refused),
        );
        if (!gone) setAsking(false);
      }
      if (!gone && live) timer = setTimeout(() => void ask(), EVERY);
    };
    if (query)
      void get<Comparison>(`/compare?${query}&known=1`)
        .then(
          (answer) => !gone && set((before) => before ?? answer),
          () => {},
        )
        .then(ask);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [query, live]);
  return { found, fault, asking };
}

export const keyOf = (run: Compared) => (run.index === undefined ? run.id : `${run.id}.${run.index}`);

/** A name for each that no other has: runs may be called alike, and an array's indices are. */
export function labels(runs: readonly Compared[]): string[] {
  const names = runs.map((run) => (run.index === undefined ? run.name : `${run.name}.${run.index}`));
  return names.map((name, n) =>
    names.some((other, m) => m !== n && other === name) ? `${name} (${runs[n]!.id.slice(-6)})` : name,
  );
}

/** The best value, as `muster compare` has it. */
export const best = (metric: Metric) => (metric.less_is_better ? metric.least : metric.most);

/** The names of metrics, those first that most runs have. */
export function metricsOf(runs: readonly Compared[]): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) for (const { name } of run.metrics) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([name]) => name);
}

export const linesOf = (
  name: string,
  runs: readonly Compared[],
  names: readonly string[],
  drawn: (key: string) => boolean,
): Line[] =>
  runs.flatMap((run, ink) => {
    const metric = drawn(keyOf(run)) ? run.metrics.find((one) => one.name === name) : undefined;
    return metric
      ? [
          {
            key: keyOf(run),
            name: names[ink]!,
            ink,
            points: metric.points.map(({ step, value }) => [step, number(value)] as const),
          },
        ]
      : [];
  });

/** Which run has the best last value of a metric: none where all have the same, or there is but one. */
export function leader(name: string, runs: readonly Compared[]): string | undefined {
  const all = runs.flatMap((run) => {
    const metric = run.metrics.find((one) => one.name === name);
    const value = metric && number(metric.last.value);
    return metric && Number.isFinite(value) ? [{ key: keyOf(run), value: value!, less: metric.less_is_better }] : [];
  });
  if (all.length < 2 || all.every((one) => one.value === all[0]!.value)) return undefined;
  return all.toSorted((a, b) => (a.less ? a.value - b.value : b.value - a.value))[0]!.key;
}
