import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './style.css';
import { link } from './address';
import {
  type GatewayEvent,
  type MachineList,
  type QueueEntry,
  type TaskEntry,
  type TokenEntry,
  call,
  get,
  stateOf,
} from './api';
import { ago, bytes, count, exact, plural, span } from './format';
import { live, useLive } from './live';
import { Nodes } from './nodes';
import { Ask, Dialog, Empty, Fault, Mark, Text, Title, say, useAddress, useNow } from './parts';
import { Shell } from './shell';
import { Events, Task, Tasks, useTasks } from './tasks';

/** Reads a path now, and again when tasks or nodes have changed, at most every two seconds. */
function useFresh<T>(path: string): { value: T | null; fault: unknown; reload: () => void } {
  const [value, set] = useState<T | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const read = () => {
      timer = 0;
      get<T>(path).then(
        (found) => {
          if (!gone) {
            set(found);
            setFault(null);
          }
        },
        (refused) => !gone && setFault(refused),
      );
    };
    read();
    const stop = live.onTasks(() => {
      timer ||= setTimeout(read, 2000);
    });
    return () => {
      gone = true;
      stop();
      clearTimeout(timer);
    };
  }, [path, turn]);
  return { value, fault, reload: () => setTurn((n) => n + 1) };
}

function Overview() {
  const { counts, nodes, skew } = useLive();
  const { page } = useTasks('/tasks?state=running&limit=100&count=1');
  const { value: happened } = useFresh<{ events: GatewayEvent[] }>('/events?limit=12');
  const now = useNow() + skew;
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
                  <a href={link(['nodes'], { q: node.name })}>
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
                  Ask now
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
                    <a class="clip" href={link(['nodes'], { q: node.name })}>
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

function Queue() {
  const { value, fault, reload } = useFresh<{ queue: QueueEntry[] }>('/queue?limit=500');
  const { counts, skew } = useLive();
  const now = useNow() + skew;
  const queue = value?.queue ?? [];
  const reasons = Object.entries(Object.groupBy(queue, (entry) => entry.why))
    .map(([why, like]) => [why, like!.length] as const)
    .toSorted((a, b) => b[1] - a[1]);
  return (
    <>
      <Title name="Queue">
        <span class="faint">{value ? count(counts?.tasks_waiting ?? queue.length) : ''}</span>
      </Title>
      <Fault of={fault} again={reload} />
      {value && queue.length === 0 && (
        <div class="panel">
          <Empty title="Nothing waits">
            <span>
              {counts
                ? `${counts.slots - counts.slots_held} of ${plural(counts.slots, 'slot')} free on ` +
                  `${plural(counts.nodes_online, 'node')}.`
                : ''}
            </span>
          </Empty>
        </div>
      )}
      {queue.length > 0 && (
        <>
          <div class="panel">
            <header>
              <h2>Why they wait</h2>
            </header>
            <ul class="needs">
              {reasons.slice(0, 8).map(([why, n]) => (
                <li key={why}>
                  <span class="when num">{count(n)}</span>
                  <span class="grow">
                    <Text>{why}</Text>
                  </span>
                </li>
              ))}
            </ul>
          </div>
          <div class="panel scroll">
            <table class="cards">
              <thead>
                <tr>
                  <th class="num">Place</th>
                  <th>Task</th>
                  <th class="num">Photos</th>
                  <th class="num">Waits for</th>
                  <th>Why</th>
                </tr>
              </thead>
              <tbody>
                {queue.slice(0, 100).map((entry) => (
                  <tr key={entry.id}>
                    <td class="num">{entry.position}</td>
                    <td class="wide">
                      <a data-row href={link(['tasks', entry.id])}>
                        <Text>{entry.name || entry.id}</Text>
                      </a>
                    </td>
                    <td class="num off">{count(entry.images)}</td>
                    <td class="num">{span(now - Date.parse(entry.since))}</td>
                    <td>
                      <Text>{entry.why}</Text>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {queue.length > 100 && (
            <p class="soft">
              The first 100 of {count(counts?.tasks_waiting ?? queue.length)} are shown;{' '}
              <a href="#/tasks?state=queued">Tasks</a> lists them all.
            </p>
          )}
        </>
      )}
    </>
  );
}

function AllEvents({ query }: { query: Readonly<Record<string, string>> }) {
  const { value, fault, reload } = useFresh<{ events: GatewayEvent[]; last: number }>('/events?limit=1000');
  const now = useNow() + useLive().skew;
  const events = (value?.events ?? []).toReversed();
  const kinds = Object.entries(Object.groupBy(events, (event) => event.kind)).map(
    ([kind, like]) => [kind, like!.length] as const,
  );
  const shown = events.filter((event) => !query.kind || event.kind === query.kind).slice(0, 200);
  return (
    <>
      <Title name="Events">
        <span class="faint">
          {value && (value.last > 1000 ? `the last 1,000 of ${count(value.last)}` : plural(events.length, 'event'))}
        </span>
      </Title>
      <div class="chips" role="group" aria-label="Kind">
        <a class="button chip" aria-current={!query.kind} href="#/events">
          all
        </a>
        {kinds.map(([kind, n]) => (
          <a key={kind} class="button chip" aria-current={query.kind === kind} href={link(['events'], { kind })}>
            {kind} <b>{n}</b>
          </a>
        ))}
      </div>
      <Fault of={fault} again={reload} />
      {value && (
        <div class="panel">
          <Events events={shown} now={now} />
        </div>
      )}
    </>
  );
}

function Machines() {
  const { value, fault, reload } = useFresh<MachineList>('/machines');
  const [asks, setAsks] = useState<MachineList['machines'][number] | null>(null);
  const now = useNow() + useLive().skew;
  if (!value)
    return (
      <>
        <Title name="Machines" />
        <Fault of={fault} again={reload} />
      </>
    );
  const budget = (spent: number, most?: number) => (
    <>
      {spent.toFixed(2)}
      {most != null && <small> of {most.toFixed(2)}</small>}
    </>
  );
  const machines = value.machines;
  return (
    <>
      <Title name="Machines">
        <span class="faint">{machines.filter((machine) => machine.state !== 'gone').length} now</span>
      </Title>
      {value.pools.length === 0 && machines.length === 0 ? (
        <div class="panel">
          <Empty title="This gateway has a fixed set of nodes">
            <span>Machines of clusters and clouds come and go where sites are named:</span>
            <code>muster serve --scale SITE</code>
          </Empty>
        </div>
      ) : (
        <>
          <div class="tiles">
            <div class="tile">
              <b>{budget(value.spent.hour, value.spent.hour_budget)}</b>this hour
            </div>
            <div class="tile">
              <b>{budget(value.spent.day, value.spent.day_budget)}</b>today
            </div>
            <div class="tile">
              <b>{budget(value.spent.month, value.spent.month_budget)}</b>this month
            </div>
            {value.pools.map((pool) => (
              <div class="tile" key={pool.site}>
                <b>
                  {pool.ready}
                  <small> of {pool.max}</small>
                </b>
                <Text>{pool.site}</Text>
                {pool.coming > 0 && `, ${pool.coming} coming`}
                {pool.resting_why && (
                  <div class="error">
                    <Text>{pool.resting_why}</Text>
                  </div>
                )}
              </div>
            ))}
          </div>
          <div class="panel scroll">
            {machines.length === 0 ? (
              <Empty title="No machine now">
                <span>They come when tasks wait.</span>
              </Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th>State</th>
                    <th>Machine</th>
                    <th>Site</th>
                    <th class="num">Slots</th>
                    <th class="num">Since</th>
                    <th class="num">Ends in</th>
                    <th class="num">Price/h</th>
                    <th class="num">Cost</th>
                    <th>Why</th>
                    <th>
                      <span class="hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {machines.map((machine) => (
                    <tr key={machine.id}>
                      <td>
                        <Mark
                          of={
                            {
                              ready: 'online',
                              asked: 'queued',
                              queued: 'queued',
                              booting: 'sending',
                              draining: 'draining',
                              ending: 'draining',
                            }[machine.state] ?? 'unknown'
                          }
                          word={machine.state}
                        />
                      </td>
                      <td>
                        <Text>{machine.name}</Text>
                      </td>
                      <td>
                        <Text>{machine.site}</Text>
                      </td>
                      <td class="num">{machine.slots}</td>
                      <td class="num">{ago(Date.parse(machine.since), now)}</td>
                      <td class="num">{machine.ends && !machine.gone ? span(Date.parse(machine.ends) - now) : ''}</td>
                      <td class="num">{machine.price?.toFixed(4) ?? ''}</td>
                      <td class="num">{machine.cost?.toFixed(2) ?? ''}</td>
                      <td class="wide">
                        <Text>{machine.why}</Text>
                      </td>
                      <td>
                        {!machine.gone && (
                          <button type="button" class="plain" onClick={() => setAsks(machine)}>
                            Give back
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </div>
        </>
      )}
      {asks && (
        <Ask
          title={`Give ${asks.name} back?`}
          word="Give back"
          loss="It gets no new tasks, and is given back when it has none."
          close={() => setAsks(null)}
          act={() =>
            void call('DELETE', `/machines/${asks.id}`).then(
              () => {
                say(`${asks.name} is given back`);
                reload();
              },
              (refused: Error) => say(refused.message),
            )
          }
        />
      )}
    </>
  );
}

function Tokens() {
  const { value, fault, reload } = useFresh<{ open: boolean; tokens: TokenEntry[] }>('/tokens');
  const [adds, setAdds] = useState(false);
  const [made, setMade] = useState('');
  const [wrong, setWrong] = useState<unknown>(null);
  const [asks, setAsks] = useState<TokenEntry | null>(null);
  const now = useNow() + useLive().skew;
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const number = (name: string) => (form.get(name) ? Number(form.get(name)) : undefined);
    void call<{ text: string }>('POST', '/tokens', {
      name: form.get('name'),
      days: number('days'),
      max_images: number('images'),
      max_concurrent_tasks: number('tasks'),
    }).then((answer) => {
      setMade(answer.text);
      setWrong(null);
      reload();
    }, setWrong);
  };
  return (
    <>
      <Title name="Tokens">
        <span class="grow" />
        <button
          type="button"
          class="primary"
          onClick={() => {
            setMade('');
            setWrong(null);
            setAdds(true);
          }}
        >
          New token
        </button>
      </Title>
      <Fault of={fault} again={reload} />
      {value?.open && (
        <div class="note">
          <span>
            This gateway is open: whoever reaches its public port can hand in tasks and sees all tasks. Make a token to
            close it.
          </span>
        </div>
      )}
      {value && value.tokens.length === 0 && (
        <div class="panel">
          <Empty title="No tokens yet">
            <span>Each user or program gets one, with limits of its own.</span>
            <code>muster tokens new NAME</code>
          </Empty>
        </div>
      )}
      {value && value.tokens.length > 0 && (
        <div class="panel scroll">
          <table class="cards">
            <thead>
              <tr>
                <th>Name</th>
                <th class="num">Created</th>
                <th>Ends</th>
                <th class="num">Photos a task</th>
                <th class="num">Tasks at once</th>
                <th>
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {value.tokens.map((token) => (
                <tr key={token.id}>
                  <td class="wide">
                    <b>
                      <Text>{token.name}</Text>
                    </b>
                  </td>
                  <td class="num" title={exact(Date.parse(token.created))}>
                    {ago(Date.parse(token.created), now)}
                  </td>
                  <td>{token.expires ? `in ${span(Date.parse(token.expires) - now)}` : 'never'}</td>
                  <td class="num">{token.max_images ?? 'no limit'}</td>
                  <td class="num">{token.max_concurrent_tasks ?? 'no limit'}</td>
                  <td class="num">
                    {token.fixed ? (
                      <span class="faint">in the configuration</span>
                    ) : (
                      <button type="button" class="plain danger" onClick={() => setAsks(token)}>
                        Revoke
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {adds && (
        <Dialog title={made ? 'The new token' : 'New token'} close={() => setAdds(false)}>
          {made ? (
            <div class="stack">
              <p>It is shown this once. Whoever has it can hand in tasks.</p>
              <div class="empty">
                <code>{made}</code>
              </div>
              <div class="actions">
                <button type="button" class="primary" onClick={() => setAdds(false)}>
                  Done
                </button>
              </div>
            </div>
          ) : (
            <form onSubmit={add}>
              <label class="field">
                <span>Name</span>
                <input name="name" required maxLength={200} placeholder="WebODM of the survey team" />
              </label>
              <label class="field">
                <span>Ends after days</span>
                <input name="days" inputMode="numeric" pattern="[0-9]+" placeholder="never" />
              </label>
              <label class="field">
                <span>Most photos a task</span>
                <input name="images" inputMode="numeric" pattern="[0-9]+" placeholder="no limit" />
              </label>
              <label class="field">
                <span>Most tasks at once</span>
                <input name="tasks" inputMode="numeric" pattern="[0-9]+" placeholder="no limit" />
              </label>
              <Fault of={wrong} />
              <div class="actions">
                <button type="button" onClick={() => setAdds(false)}>
                  Cancel
                </button>
                <button class="primary">Make it</button>
              </div>
            </form>
          )}
        </Dialog>
      )}
      {asks && (
        <Ask
          title={`Revoke ${asks.name}?`}
          word="Revoke"
          loss="Whoever uses it can hand in nothing more, and no longer sees its tasks."
          close={() => setAsks(null)}
          act={() =>
            void call('DELETE', `/tokens/${asks.id}`).then(
              () => {
                say(`${asks.name} is revoked`);
                reload();
              },
              (refused: Error) => say(refused.message),
            )
          }
        />
      )}
    </>
  );
}

function Page() {
  const {
    path: [view = '', id],
    query,
  } = useAddress();
  return (
    <Shell>
      {view === '' ? (
        <Overview />
      ) : view === 'tasks' ? (
        id ? (
          <Task key={id} id={id} />
        ) : (
          <Tasks query={query} />
        )
      ) : view === 'queue' ? (
        <Queue />
      ) : view === 'nodes' ? (
        <Nodes query={query} />
      ) : view === 'machines' ? (
        <Machines />
      ) : view === 'events' ? (
        <AllEvents query={query} />
      ) : view === 'tokens' ? (
        <Tokens />
      ) : (
        <Empty title="There is no such view">
          <a class="link" href="#/">
            Overview
          </a>
        </Empty>
      )}
    </Shell>
  );
}

live.start();
render(<Page />, document.getElementById('page')!);
