import { useMemo } from 'preact/hooks';
import { link } from './address';
import { type GatewayEvent, type TaskEntry, call, stateOf } from './api';
import { Events } from './events';
import { ago, bytes, count } from './format';
import { useFresh } from './fresh';
import { useLive } from './live';
import { ClusterPast } from './past';
import { Empty, Mark, Text, Title, say, useNow } from './parts';
import { useTasks } from './tasks';

export function Overview({ hours }: { hours: string | undefined }) {
  const { counts, nodes, skew } = useLive();
  const { page } = useTasks('/tasks?state=running&limit=100&count=1');
  const { value: happened } = useFresh<{ events: GatewayEvent[] }>('/events?limit=12');
  const now = useNow() + skew;
  // what is live here is not in it
  const past = useMemo(() => <ClusterPast asked={hours} />, [hours]);
  const all = [...nodes.values()];
  const away = all.filter((node) => node.state === 'offline');
  const failed = page?.states?.failed ?? 0;
  const busy = (name: string): TaskEntry[] =>
    (page?.tasks ?? []).filter((task) => task.node === name && task.phase !== 'ended');
  if (!counts) return <Title name="Overview" />;
  return (
    <>
      <Title name="Overview" />
      <div class="tiles">
        <a class="tile" href="#/queue">
          <b>{count(counts.tasks_waiting)}</b>waiting
        </a>
        <a class="tile" href="#/tasks?state=running">
          <b>{count(Math.max(0, counts.tasks_live - counts.tasks_waiting))}</b>in progress
        </a>
        <a class="tile" href="#/nodes">
          <b>
            {counts.slots_held}
            <small> of {counts.slots}</small>
          </b>
          slots in use
        </a>
        <a class="tile" href="#/nodes">
          <b>
            {counts.nodes_online}
            <small> of {counts.nodes}</small>
          </b>
          nodes online
        </a>
        <a class="tile" href="#/tasks?state=failed">
          <b>{count(failed)}</b>failed
        </a>
        <div class="tile">
          <b>{bytes(counts.spool_bytes)}</b>uploads kept
        </div>
      </div>
      {away.length > 0 && (
        <section class="panel" aria-label="Needs you">
          <header>
            <h2>Needs you</h2>
          </header>
          <ul class="needs">
            {away.map((node) => (
              <li key={node.id}>
                <Mark of="offline" />
                <span class="grow">
                  <a href={link(['nodes', node.id])}>
                    <b>
                      <Text>{node.name}</Text>
                    </b>
                  </a>{' '}
                  <span class="soft">
                    <Text>{node.fault ?? 'does not answer'}</Text>
                    {node.answered_at && `, last heard ${ago(Date.parse(node.answered_at), now)}`}
                  </span>
                </span>
                <button
                  type="button"
                  onClick={() => void call('POST', `/nodes/${node.id}/refresh`).then(() => say(`Asking ${node.name}`))}
                >
                  Refresh now
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="panel" aria-label="Nodes and their tasks">
        <header>
          <h2 class="grow">Nodes and their tasks</h2>
          <a class="link" href="#/nodes">
            All nodes
          </a>
        </header>
        {all.length === 0 ? (
          <Empty title="There is no node yet">
            <span>Tasks wait until one is added.</span>
            <a class="button" href="#/nodes?add=1">
              Add a node
            </a>
            <code>muster nodes add HOST:PORT</code>
          </Empty>
        ) : (
          <div class="body-lanes">
            {all.slice(0, 40).map((node) => {
              const tasks = busy(node.name);
              return (
                <div class="lane" key={node.id}>
                  <span class="row clip">
                    <Mark of={node.state} word="" />
                    <span class="hidden">{node.state}</span>
                    <a class="clip" href={link(['nodes', node.id])}>
                      <Text>{node.name}</Text>
                    </a>
                  </span>
                  <div class="slots">
                    {node.state === 'offline' && (
                      <span class="error clip">
                        <Text>{node.fault ?? 'does not answer'}</Text>
                      </span>
                    )}
                    {tasks.map((task) => (
                      <a key={task.id} class="slot busy clip" href={link(['tasks', task.id])} title={task.name}>
                        <Text>{task.name || task.id}</Text>{' '}
                        <span class="faint">
                          {stateOf(task) === 'running' ? `${Math.round(task.progress)} %` : stateOf(task)}
                        </span>
                      </a>
                    ))}
                    {node.state === 'online' &&
                      Array.from({ length: Math.min(8, Math.max(0, (node.slots ?? 0) - tasks.length)) }, (_, n) => (
                        <span key={n} class="slot">
                          free
                        </span>
                      ))}
                  </div>
                </div>
              );
            })}
          </div>
        )}
      </section>
      {past}
      <section class="panel" aria-label="What happened last">
        <header>
          <h2 class="grow">What happened last</h2>
          <a class="link" href="#/events">
            All events
          </a>
        </header>
        <Events events={(happened?.events ?? []).toReversed()} now={now} />
      </section>
    </>
  );
}
