import { useEffect, useMemo, useState } from 'preact/hooks';
import { link } from './address';
import { get } from './api';
import { Chart, type Line, Stroke } from './chart';
import { type Compared, type Usage, best, keyOf, labels, linesOf, metricsOf, useComparison } from './comparison';
import { plural } from './format';
import { Empty, Fault, Text } from './parts';
import { number, short } from './plot';
import { type Shared, useShared } from './zoom';

export const MOST_LINES = 8;
const AT_FIRST = 12;
type Query = Readonly<Record<string, string>>;

/** Charts of metrics, of one run or of several over each other; how they are drawn stands in the address. */
export function Charts({
  runs,
  drawn,
  query,
  at,
}: {
  runs: readonly Compared[];
  drawn: (key: string) => boolean;
  query: Query;
  at: readonly string[];
}) {
  const shared = useShared();
  const [most, setMost] = useState(AT_FIRST);
  const names = useMemo(() => labels(runs), [runs]);
  const all = metricsOf(runs);
  const words = (query.m ?? '').toLowerCase().split(' ').filter(Boolean);
  const found = all.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
  const go = (change: Record<string, string | undefined>) => (location.hash = link(at, { ...query, ...change }));
  const weight = Math.min(0.99, Math.max(0, Number(query.smooth) || 0));
  const log = query.log === '1';
  return (
    <>
      <div class="row wrap tools">
        <input
          type="search"
          class="find"
          aria-label="Filter metrics"
          placeholder="Metric…"
          value={query.m ?? ''}
          onInput={(event) => go({ m: event.currentTarget.value })}
        />
        <label class="row">
          Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={weight}
            onInput={(event) => go({ smooth: Number(event.currentTarget.value) ? event.currentTarget.value : '' })}
          />
          <span class="num two">{weight.toFixed(2)}</span>
        </label>
        <label class="check">
          <input type="checkbox" checked={log} onChange={() => go({ log: log ? '' : '1' })} />
          Logarithmic
        </label>
        <span class="faint">
          {found.length === all.length
            ? plural(all.length, 'metric')
            : `${found.length} of ${plural(all.length, 'metric')}`}
        </span>
      </div>
      {found.length === 0 && (
        <Empty title="No metric is called like this">
          <button type="button" onClick={() => go({ m: '' })}>
            Show all
          </button>
        </Empty>
      )}
      <div class="charts">
        {found.slice(0, most).map((name) => (
          <OfMetric key={name} {...{ name, runs, names, drawn, log, weight, shared }} />
        ))}
      </div>
      {found.length > most && (
        <button type="button" onClick={() => setMost(most + 2 * AT_FIRST)}>
          Show more of {plural(found.length, 'chart')}
        </button>
      )}
    </>
  );
}

function OfMetric({
  name,
  runs,
  names,
  drawn,
  ...rest
}: {
  name: string;
  runs: readonly Compared[];
  names: readonly string[];
  drawn: (key: string) => boolean;
  log: boolean;
  weight: number;
  shared: Shared;
}) {
  const shown = runs.map((run) => (drawn(keyOf(run)) ? '1' : '0')).join('');
  const lines = useMemo(() => linesOf(name, runs, names, drawn), [name, runs, names, shown]);
  return <Chart title={name} across="step" lines={lines} {...rest} />;
}

/** The lines of all charts, by name. */
export const Legend = ({ runs, drawn }: { runs: readonly Compared[]; drawn: (key: string) => boolean }) => (
  <ul class="legend">
    {labels(runs).map(
      (name, ink) =>
        drawn(keyOf(runs[ink]!)) && (
          <li key={keyOf(runs[ink]!)} class="row">
            <Stroke ink={ink} />
            <Text>{name}</Text>
          </li>
        ),
    )}
  </ul>
);

/** What one run measured and used. Of an array, each index is a line. */
export function Metrics({ id, live, query }: { id: string; live: boolean; query: Query }) {
  const ids = useMemo(() => [id], [id]);
  const { found, fault, asking } = useComparison(ids, live);
  const usage = useUsage(id, found);
  const measured = useMemo(() => found?.runs.filter((run) => run.metrics.length > 0) ?? [], [found]);
  const first = useMemo(() => new Set(measured.slice(0, MOST_LINES).map(keyOf)), [measured]);
  const drawn = (key: string) => first.has(key);
  if (!found) return fault ? <Fault of={fault} /> : <p class="body faint">Asking its site…</p>;
  return (
    <div class="body stack">
      <Fault of={fault} />
      {found.notes?.map((note) => (
        <div class="note" key={note}>
          <Text>{note}</Text>
        </div>
      ))}
      {measured.length > 0 ? (
        <>
          {measured.length === 1 ? <Values of={measured[0]!} /> : <Legend runs={measured} drawn={drawn} />}
          {measured.length > MOST_LINES && (
            <p class="soft">
              The first {MOST_LINES} of {measured.length} are drawn.{' '}
              <a class="link" href={link(['compare'], { runs: id })}>
                Choose others
              </a>
            </p>
          )}
          <Charts runs={measured} drawn={drawn} query={query} at={['runs', id]} />
        </>
      ) : (
        <Empty title={asking ? 'Asking its site…' : 'It has measured nothing so far'}>
          <span>
            Lines of its log, event files of TensorBoard, CSV and JSON are read, without any of them being sent.
          </span>
          <code>echo "muster: metric loss=0.3 step=12"</code>
        </Empty>
      )}
      <Used of={usage} />
    </div>
  );
}

/** The last value of each metric, and the best one where it is another. */
function Values({ of: run }: { of: Compared }) {
  return (
    <dl class="figures">
      {run.metrics.slice(0, AT_FIRST).map((metric) => {
        const top = best(metric);
        return (
          <div key={metric.name}>
            <dt class="clip">
              <Text>{metric.name}</Text>
            </dt>
            <dd>
              <b>{short(number(metric.last.value))}</b>
              <span class="faint">
                {top && top.step !== metric.last.step
                  ? `best ${short(number(top.value))} at step ${top.step}`
                  : `at step ${metric.last.step}`}
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function useUsage(id: string, turn: unknown): Usage | null {
  const [usage, set] = useState<Usage | null>(null);
  useEffect(() => {
    let gone = false;
    get<Usage>(`/runs/${id}/usage`).then(
      (found) => !gone && set(found),
      () => {}, // what is wrong is said where metrics are
    );
    return () => void (gone = true);
  }, [id, turn]);
  return usage;
}

const KINDS = [
  ['cores', 'Processors', ''],
  ['memory', 'Memory', 'MB'],
  ['gpu', 'GPU', '%'],
  ['gpu_memory', 'GPU memory', 'MB'],
  ['disk', 'Disk', 'MB'],
] as const;

/** What a run's ranks use over time, beside what they were given. */
function Used({ of: usage }: { of: Usage | null }) {
  const shared = useShared();
  const charts = useMemo(
    () =>
      usage?.ranks.length
        ? KINDS.map(([kind, title, unit]) => ({
            kind,
            title,
            unit,
            lines: usage.ranks.slice(0, MOST_LINES).flatMap((rank, ink): Line[] => {
              const points = rank.times.flatMap((time, n) => {
                const value = rank[kind][n];
                return value == null ? [] : [[time, value] as const];
              });
              return points.length > 0 ? [{ key: rank.rank, name: rank.rank, ink, points }] : [];
            }),
          })).filter((chart) => chart.lines.length > 0)
        : [],
    [usage],
  );
  if (!usage || charts.length === 0) return null;
  const given = { cores: usage.cpus, memory: usage.memory_mb } as Record<string, number | undefined>;
  return (
    <section class="stack" aria-label="What it uses">
      <h2>
        What it uses
        {usage.ranks.length > MOST_LINES && (
          <span class="faint">
            {' '}
            · {MOST_LINES} of {usage.ranks.length} ranks
          </span>
        )}
      </h2>
      <div class="charts">
        {charts.map(({ kind, title, unit, lines }) => (
          <Chart
            key={kind}
            across="time"
            zero
            limit={given[kind] ? { value: given[kind], word: `asked for ${short(given[kind])}` } : undefined}
            {...{ title, unit, lines, shared }}
          />
        ))}
      </div>
    </section>
  );
}
