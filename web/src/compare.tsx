import { useMemo, useState } from 'preact/hooks';
import { link } from './address';
import { Stroke } from './chart';
import { type CodeChange, type Compared, best, keyOf, labels, leader, metricsOf, useComparison } from './comparison';
import { plural, span, visible } from './format';
import { isLive, useKnown } from './known';
import { Charts, MOST_LINES } from './metrics';
import { Empty, Fault, Mark, Text, Title } from './parts';
import { number, short } from './plot';
import { MARKS } from './run';

const AT_FIRST = 4;
type Query = Readonly<Record<string, string>>;

/** Runs side by side, as `muster compare` tells them: parameters that differ, metrics, charts over each other, code. */
export function Compare({ query }: { query: Query }) {
  const { runs: known } = useKnown();
  const ids = useMemo(() => (query.runs ?? '').split(',').filter(Boolean), [query.runs]);
  const live = ids.some((id) => known.has(id) && isLive(known.get(id)!));
  const { found, fault, asking } = useComparison(ids, live);
  const [turned, setTurned] = useState<Record<string, boolean>>({});
  const runs = found?.runs ?? [];
  const first = useMemo(
    () =>
      new Set(
        runs
          .filter((run) => run.metrics.length > 0)
          .slice(0, MOST_LINES)
          .map(keyOf),
      ),
    [runs],
  );
  const drawn = (key: string) => turned[key] ?? first.has(key);
  const turn = (key: string) => setTurned((before) => ({ ...before, [key]: !drawn(key) }));
  if (ids.length === 0)
    return (
      <>
        <Title name="Compare" />
        <div class="panel">
          <Empty title="No runs are chosen">
            <span>Tick the runs to compare in the list.</span>
            <a class="link" href="#/">
              Runs
            </a>
            <code>muster compare RUN RUN</code>
          </Empty>
        </div>
      </>
    );
  return (
    <>
      <Title name={ids.length === 1 ? 'Compare' : `Compare ${ids.length} runs`}>
        <span class="faint" role="status">
          {asking ? 'asking their sites…' : ''}
        </span>
        <span class="grow" />
        <a class="button" href={link([], { runs: query.runs })}>
          Choose others
        </a>
      </Title>
      <Fault of={fault} />
      {found?.notes?.map((note) => (
        <div class="note" key={note}>
          <Text>{note}</Text>
        </div>
      ))}
      {found && (
        <>
          <Table runs={runs} differs={found.differs} query={query} {...{ drawn, turn }} />
          <section class="panel" aria-label="Metrics">
            <header>
              <h2>Metrics</h2>
              <span class="faint">
                {runs.filter((run) => drawn(keyOf(run))).length} of {plural(runs.length, 'line')} drawn
              </span>
            </header>
            <div class="body stack">
              {metricsOf(runs).length > 0 ? (
                <Charts {...{ runs, drawn, query }} at={['compare']} />
              ) : (
                <Empty title="They have measured nothing so far" />
              )}
            </div>
          </section>
          <Code changes={found.code} />
        </>
      )}
    </>
  );
}

/** A row for each run or index; the best of a metric has a word for it. */
function Table({
  runs,
  differs,
  query,
  drawn,
  turn,
}: {
  runs: readonly Compared[];
  differs: readonly string[];
  query: Query;
  drawn: (key: string) => boolean;
  turn: (key: string) => void;
}) {
  const [most, setMost] = useState(AT_FIRST);
  const names = labels(runs);
  const metrics = metricsOf(runs);
  const shown = metrics.slice(0, most);
  const heads = shown.map((name) => ({ name, leads: leader(name, runs) }));
  const sort = query.sort ?? '';
  const falls = sort.startsWith('-');
  const by = falls ? sort.slice(1) : sort;
  const worth = (run: Compared): number | string => {
    const metric = run.metrics.find((one) => one.name === by);
    if (metric) return number(metric.last.value);
    if (by === 'time') return run.seconds ?? NaN;
    const text = run.parameters[by] ?? '';
    return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  const order = runs.map((_, n) => n);
  if (by)
    order.sort((a, b) => {
      const [one, other] = [worth(runs[a]!), worth(runs[b]!)];
      const less =
        typeof one === 'number' && typeof other === 'number'
          ? (Number.isNaN(one) ? 1 : 0) - (Number.isNaN(other) ? 1 : 0) || (falls ? other - one : one - other)
          : (falls ? -1 : 1) * String(one).localeCompare(String(other), 'en', { numeric: true });
      return less || a - b;
    });
  const head = (name: string, word: string, kind = '') => (
    <th
      key={`${kind}${name}`}
      class={kind}
      aria-sort={by === name ? (falls ? 'descending' : 'ascending') : undefined}
      scope="col"
    >
      <button
        type="button"
        onClick={() =>
          (location.hash = link(['compare'], { ...query, sort: by !== name ? name : falls ? undefined : `-${name}` }))
        }
      >
        <Text>{word}</Text>
        {by === name && <span aria-hidden="true">{falls ? '↓' : '↑'}</span>}
      </button>
    </th>
  );
  return (
    <section class="panel" aria-label="Runs">
      <div class="scroll" tabIndex={0} role="region" aria-label="Runs side by side">
        <table class="beside">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              {head('time', 'Took', 'num')}
              {heads.map(({ name }) => head(name, name, 'num'))}
              {differs.map((name) => head(name, name))}
            </tr>
          </thead>
          <tbody>
            {order.map((n) => {
              const run = runs[n]!;
              const key = keyOf(run);
              return (
                <tr key={key}>
                  <th scope="row">
                    <span class="row">
                      <input
                        type="checkbox"
                        aria-label={`Draw ${visible(names[n]!)}`}
                        checked={drawn(key)}
                        disabled={run.metrics.length === 0}
                        onChange={() => turn(key)}
                      />
                      <Stroke ink={n} />
                      <a data-row href={link(['runs', run.id], { tab: 'Metrics' })}>
                        <Text>{names[n]!}</Text>
                      </a>
                    </span>
                  </th>
                  <td>
                    <Mark of={MARKS[run.state] ?? (run.state === 'unknown' ? 'unknown' : 'failed')} word={run.state} />
                  </td>
                  <td class="num">{run.seconds === undefined ? '' : span(run.seconds * 1000)}</td>
                  {heads.map(({ name, leads }) => (
                    <Last key={name} of={run} name={name} leads={leads === key} />
                  ))}
                  {differs.map((name) => (
                    <td key={name} class="mono clip value" title={visible(run.parameters[name] ?? '')}>
                      <Text>{run.parameters[name] ?? '–'}</Text>
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <footer class="row wrap">
        <span class="faint">
          {differs.length === 0
            ? 'The parameters are the same.'
            : `${plural(differs.length, 'parameter differs', 'parameters differ')}; those that are the same are left out.`}
        </span>
        {metrics.length > most && (
          <button type="button" class="plain" onClick={() => setMost(metrics.length)}>
            Show all {metrics.length} metrics
          </button>
        )}
      </footer>
    </section>
  );
}

/** The last value, and the best one on the way where it is another. */
function Last({ of: run, name, leads }: { of: Compared; name: string; leads: boolean }) {
  const metric = run.metrics.find((one) => one.name === name);
  const top = metric && best(metric);
  return (
    <td class="num">
      {metric ? (
        <>
          {leads && <span class="tag">best</span>}{' '}
          <b class={leads ? '' : 'light'}>{short(number(metric.last.value))}</b>
          {top && top.value !== metric.last.value && (
            <span class="faint" title={`the best on the way, at step ${top.step}`}>
              {' '}
              ({short(number(top.value))})
            </span>
          )}
        </>
      ) : (
        <span class="faint">–</span>
      )}
    </td>
  );
}

function Code({ changes }: { changes: readonly CodeChange[] }) {
  if (changes.length === 0) return null;
  return (
    <section class="panel" aria-label="Code">
      <header>
        <h2>Code</h2>
      </header>
      <ul class="body stack">
        {changes.map((change, n) => (
          <li key={n}>
            {change.files.length === 0 ? (
              <>
                The code of <Text>{change.to}</Text> is that of <Text>{change.from}</Text>.
              </>
            ) : (
              <details>
                <summary>
                  The code of <Text>{change.to}</Text> differs from that of <Text>{change.from}</Text> in{' '}
                  {plural(change.files.length, 'file')}: {plural(change.added, 'line')} added, {change.removed} removed
                </summary>
                <ul class="mono indent">
                  {change.files.slice(0, 200).map((file) => (
                    <li key={file}>
                      <Text>{file}</Text>
                    </li>
                  ))}
                  {change.files.length > 200 && <li class="faint">and {change.files.length - 200} more</li>}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
