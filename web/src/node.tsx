import { useMemo, useState } from 'preact/hooks';
import { link } from './address';
import { type NodeEntry, call, nodeState } from './api';
import { Chart, type Line } from './chart';
import { ago, bytes, clock, count, exact, plural, span } from './format';
import { type History, type Stretch, isNew, pointsOf, stretches, upShare } from './history';
import { useLive } from './live';
import { Ask, Empty, Facts, Fault, Mark, Text, Title, say, useNow } from './parts';
import { Hours, useHistory } from './past';
import { useShared } from './zoom';

const HOURS = [1, 6, 24, 48];

/** A node: how it stands, and how it stood by the minute. */
export function Node({ id, query }: { id: string; query: Readonly<Record<string, string>> }) {
  const { nodes, skew, contact } = useLive();
  const now = useNow() + skew;
  const hours = HOURS.find((one) => String(one) === query.hours) ?? 24;
  const { found, fault } = useHistory<History>(`/nodes/${encodeURIComponent(id)}/history?hours=${hours}`, isNew);
  const [asks, setAsks] = useState(false);
  const node = nodes.get(id);
  if (!node)
    return contact.is === 'live' && nodes.size > 0 ? (
      <Empty title="There is no such node">
        <a class="link" href="#/nodes">
          All nodes
        </a>
      </Empty>
    ) : (
      <Title name="Node" />
    );
  const act = (method: string, path: string, done: string) =>
    void call(method, `/nodes/${node.id}${path}`).then(
      () => {
        say(`${node.name} ${done}`);
        if (method === 'DELETE') location.hash = '#/nodes';
      },
      (refused: Error) => say(refused.message),
    );
  return (
    <>
      <Title name={node.name}>
        <Mark of={nodeState(node)} />
        <span class="grow" />
        <button type="button" onClick={() => act('POST', '/refresh', 'asked')}>
          Refresh now
        </button>
        {node.locked || node.draining ? (
          <button type="button" onClick={() => act('POST', '/unlock', 'unlocked')}>
            Unlock
          </button>
        ) : (
          <>
            <button type="button" onClick={() => act('POST', '/lock', 'locked')}>
              Lock
            </button>
            <button type="button" onClick={() => act('POST', '/drain', 'draining')}>
              Drain
            </button>
          </>
        )}
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Remove
        </button>
      </Title>
      {node.state === 'offline' && (
        <div class="note bad">
          <span>
            <Text>{node.fault ?? 'It does not answer'}</Text>
            {node.answered_at && `, last heard ${ago(Date.parse(node.answered_at), now)}`}
          </span>
        </div>
      )}
      <Facts id={node.id} of={facts(node)}>
        <div>
          <dt>Tasks</dt>
          <dd>
            <a class="link" href={link(['tasks'], { node: node.name })}>
              {plural(node.tasks, 'task')} active; show all
            </a>
          </dd>
        </div>
      </Facts>
      <section class="panel" aria-label="Availability">
        <header class="wraps past">
          <h2>{found && found.tasks.length > 0 ? upShare(found) : 'Availability'}</h2>
          <Hours of={HOURS} now={hours} at={['nodes', id]} />
        </header>
        <div class="body stack">
          <Fault of={fault} />
          {found && found.tasks.length === 0 && <Empty title="No data yet" />}
          {found && found.tasks.length > 0 && <Past key={hours} of={found} hours={hours} now={now} />}
        </div>
      </section>
      {asks && (
        <Ask
          title={`Remove ${node.name}?`}
          word="Remove"
          close={() => setAsks(false)}
          loss={
            node.tasks === 0
              ? 'It has no tasks. Its history will be deleted.'
              : `${plural(node.tasks, 'task')} begin again on other nodes. Drain instead to let them finish.`
          }
          act={() => act('DELETE', '', 'removed')}
        />
      )}
    </>
  );
}

const facts = (node: NodeEntry): [name: string, value: string | undefined][] => [
  ['Engine', node.engine && `${node.engine} ${node.engine_version ?? ''}`],
  ['API', node.api_version],
  ['Slots', node.slots == null ? undefined : `${count(node.tasks + node.foreign)} of ${node.slots} held`],
  ['Photos per task', node.max_images == null ? 'any number' : `up to ${count(node.max_images)}`],
  ['Cores', node.cores == null ? undefined : String(node.cores)],
  [
    'Memory free',
    node.available_memory == null ? undefined : `${bytes(node.available_memory)} of ${bytes(node.total_memory)}`,
  ],
  ['Latency', node.latency_ms == null ? undefined : `${Math.max(1, Math.round(node.latency_ms))} ms`],
  ['Address', node.url],
];

/** The states as a strip, and what was counted as charts with one cursor. */
function Past({ of: history, hours, now }: { of: History; hours: number; now: number }) {
  const shared = useShared();
  const charts = useMemo((): { title: string; unit: string; whole?: boolean; lines: Line[] }[] => {
    const line = (ink: number, name: string, values: readonly (number | null)[], factor = 1): Line => ({
      key: name,
      name,
      ink,
      points: pointsOf(history, values, factor),
    });
    return [
      {
        title: 'Tasks',
        unit: '',
        whole: true,
        lines: [line(0, 'tasks', history.tasks), line(1, 'slots', history.slots)],
      },
      { title: 'Memory free', unit: 'GB', lines: [line(2, 'free', history.memory_free, 1e-9)] },
      { title: 'Latency', unit: 'ms', lines: [line(3, 'latency', history.latency_ms)] },
      { title: 'Missed answers', unit: '', whole: true, lines: [line(5, 'missed', history.faults)] },
    ];
  }, [history]);
  const parts = stretches(history, hours, now);
  return (
    <>
      <Strip of={parts} />
      <ul class="legend">
        {[...new Set(parts.map((part) => part.state))].map((state) => (
          <li key={state}>{state === 'gap' ? <span class="faint">no data</span> : <Mark of={state} />}</li>
        ))}
      </ul>
      <Outages of={history} now={now} />
      <div class="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} across="time" zero {...chart} shared={shared} />
        ))}
      </div>
      <p class="faint">Known since {exact(Date.parse(history.from))}; kept for 48 h.</p>
    </>
  );
}

function Strip({ of: parts }: { of: readonly Stretch[] }) {
  return (
    <svg class="strip" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label={told(parts)}>
      {parts.map((part, n) => (
        <rect
          key={n}
          class={`is-${part.state}`}
          x={part.from * 1000}
          y={part.state === 'online' ? 4 : 0}
          width={Math.max(1, (part.to - part.from) * 1000)}
          height={part.state === 'online' ? 16 : 24}
        />
      ))}
    </svg>
  );
}

const told = (parts: readonly Stretch[]) =>
  `States, the oldest first: ${parts
    .slice(-20)
    .map((part) => `${part.state === 'gap' ? 'no data' : part.state} ${Math.round((part.to - part.from) * 100)} %`)
    .join(', ')}`;

/** When it did not answer, and why; the newest first. */
function Outages({ of: history, now }: { of: History; now: number }) {
  const all = history.spans.filter((one) => one.state === 'offline').toReversed();
  if (all.length === 0) return null;
  return (
    <ul class="needs bordered" aria-label="Outages">
      {all.slice(0, 8).map((one) => (
        <li key={one.from}>
          <Mark of="offline" />
          <span class="when">{clock(Date.parse(one.from)).slice(0, 5)}</span>
          <span class="grow">
            <Text>{one.why ?? 'it did not answer'}</Text>
          </span>
          <span class="faint">
            {now - Date.parse(one.to) < 60_000 ? 'until now, ' : ''}
            {span(Date.parse(one.to) - Date.parse(one.from))}
          </span>
        </li>
      ))}
      {all.length > 8 && <li class="faint">and {all.length - 8} before</li>}
    </ul>
  );
}
