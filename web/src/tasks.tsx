import { useEffect, useMemo, useState } from 'preact/hooks';
import { type GatewayEvent, type Span, type TaskEntry, type TaskPage, call, get, stateOf } from './api';
import { link } from './address';
import { ago, bytes, count, exact, plural, span } from './format';
import { live, useLive } from './live';
import { Results } from './results';
import { Ask, Bar, Empty, Fault, Log, Mark, Text, Title, say, useNow } from './parts';

const sizeOf = (tasks: readonly TaskEntry[]) =>
  tasks.reduce((sum, task) => sum + task.bytes + (task.result_bytes ?? 0), 0);

/** A browser that saves a file sends no key, so it is given a link that opens this one alone. */
const save = (path: string) =>
  void call<{ url: string }>('POST', '/tickets', { path: `/api/v1${path}` }).then(
    ({ url }) => {
      location.href = url.slice(1);
    },
    (refused: Error) => say(refused.message),
  );

const STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'];

/** Follows tasks that are shown; `reload` where what is known may be old. */
export function useTasks(
  path: string,
  log = '',
): { page: TaskPage | null; fault: unknown; news: number; reload: () => void } {
  const [page, setPage] = useState<TaskPage | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [news, setNews] = useState(0);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    get<TaskPage>(path).then(
      (found) => {
        if (gone) return;
        setPage(found);
        setFault(null);
        setNews(0);
        live.watch(
          found.tasks.map((task) => task.id),
          log,
        );
      },
      (refused) => !gone && setFault(refused),
    );
    return () => void (gone = true);
  }, [path, turn]);
  useEffect(() => {
    let timer = 0;
    const recount = () => {
      timer ||= setTimeout(() => {
        timer = 0;
        void get<TaskPage>(`${path}${path.includes('?') ? '&' : '?'}limit=1`).then(
          (now) =>
            setPage((before) => {
              if (!before) return before;
              setNews(Math.max(0, (now.total ?? 0) - (before.total ?? 0)));
              return { ...before, states: now.states ?? {} };
            }),
          () => {},
        );
      }, 1000);
    };
    const stop = live.onTasks((told) => {
      if (!told) {
        setTurn((n) => n + 1);
        return;
      }
      const changed = new Map(told.changed.map((task) => [task.id, task]));
      setPage(
        (before) =>
          before && {
            ...before,
            tasks: before.tasks
              .filter((task) => !told.gone.includes(task.id))
              .map((task) => changed.get(task.id) ?? task),
          },
      );
      recount();
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [path]);
  return { page, fault, news, reload: () => setTurn((n) => n + 1) };
}

export function Tasks({ query }: { query: Readonly<Record<string, string>> }) {
  const [typed, setTyped] = useState(query.q ?? '');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asks, setAsks] = useState(false);
  const [trail, setTrail] = useState<string[]>([]);
  const wanted = new URLSearchParams({ limit: '100', count: '1' });
  for (const key of ['state', 'q', 'node', 'owner', 'sort', 'after', 'parent'])
    if (query[key]) wanted.set(key, query[key]!);
  const { page, fault, news, reload } = useTasks(`/tasks?${wanted}`);
  const now = useNow();
  const go = (change: Record<string, string | undefined>) => {
    if (!('after' in change)) setTrail([]);
    setChosen(new Set());
    location.hash = link(['tasks'], { ...query, after: undefined, ...change });
  };
  useEffect(() => {
    if (typed === (query.q ?? '')) return;
    const timer = setTimeout(() => go({ q: typed }), 120);
    return () => clearTimeout(timer);
  }, [typed]);
  const shown = page?.tasks ?? [];
  const all = Object.values(page?.states ?? {}).reduce((sum, part) => sum + part, 0);
  const picked = shown.filter((task) => chosen.has(task.id));
  const each = async (word: string, act: (task: TaskEntry) => Promise<unknown>) => {
    const refused: string[] = [];
    for (const task of picked) {
      // one after another, so that the gateway is not flooded
      // oxlint-disable-next-line no-await-in-loop
      await act(task).catch((fault: Error) => refused.push(`${task.name || task.id}: ${fault.message}`));
    }
    setChosen(new Set());
    say(
      `${plural(picked.length - refused.length, 'task')} ${word}` +
        (refused.length > 0 ? `; ${refused.length} not: ${refused[0]}` : ''),
    );
    reload();
  };
  const sort = query.sort ?? '-order';
  const Sort = ({ by, children }: { by: string; children: string }) => (
    <button type="button" onClick={() => go({ sort: sort === `-${by}` ? by : `-${by}` })}>
      {children}
      {sort === by ? ' ↑' : sort === `-${by}` ? ' ↓' : ''}
    </button>
  );
  const order = (by: string) => (sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : undefined);
  const filters = (
    [
      ['state', 'is'],
      ['q', 'has'],
      ['node', 'on'],
      ['owner', 'of'],
      ['parent', 'part of'],
    ] as const
  ).filter(([key]) => query[key]);
  return (
    <>
      <Title name="Tasks">
        <span class="faint">{page ? count(page.total ?? 0) : ''}</span>
      </Title>
      <div class="row wrap">
        <input
          class="find"
          type="search"
          aria-label="Filter tasks"
          placeholder="Name, id, node, owner or error"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <div class="chips" role="group" aria-label="State">
          <button type="button" class="chip" aria-pressed={!query.state} onClick={() => go({ state: undefined })}>
            all <b>{count(all)}</b>
          </button>
          {STATES.map((state) => (
            <button
              key={state}
              type="button"
              class="chip"
              aria-pressed={query.state === state}
              onClick={() => go({ state: query.state === state ? undefined : state })}
            >
              <Mark of={state} /> <b>{count(page?.states?.[state] ?? 0)}</b>
            </button>
          ))}
        </div>
      </div>
      <Fault of={fault} again={reload} />
      {news > 0 && !query.after && (
        <div class="note run">
          <span class="grow">{plural(news, 'new task')}</span>
          <button type="button" onClick={reload}>
            Show
          </button>
        </div>
      )}
      {picked.length > 0 && (
        <div class="note run" role="status">
          <span class="grow">{plural(picked.length, 'task')} selected</span>
          <button
            type="button"
            onClick={() => void each('cancelled', (task) => call('POST', `/tasks/${task.id}/cancel`))}
          >
            Cancel
          </button>
          <button
            type="button"
            onClick={() => void each('restarted', (task) => call('POST', `/tasks/${task.id}/restart`))}
          >
            Restart
          </button>
          <button type="button" class="danger" onClick={() => setAsks(true)}>
            Remove
          </button>
        </div>
      )}
      {page && (
        <div class="panel">
          {shown.length === 0 ? (
            filters.length === 0 ? (
              <Empty title="No task yet">
                <span>Tasks are handed in at the public port, by WebODM or by this command:</span>
                <code>muster tasks submit photos/*.jpg</code>
              </Empty>
            ) : (
              <Empty title="No task fits">
                <div class="chips">
                  {filters.map(([key, word]) => (
                    <button
                      key={key}
                      type="button"
                      class="chip"
                      onClick={() => {
                        if (key === 'q') setTyped('');
                        go({ [key]: undefined });
                      }}
                    >
                      {word} <Text>{query[key]!}</Text> ✕
                    </button>
                  ))}
                </div>
              </Empty>
            )
          ) : (
            <div class="scroll">
              <table class="cards">
                <thead>
                  <tr>
                    <th>
                      <input
                        type="checkbox"
                        aria-label="Select all shown"
                        checked={picked.length === shown.length}
                        onChange={(event) =>
                          setChosen(new Set(event.currentTarget.checked ? shown.map((task) => task.id) : []))
                        }
                      />
                    </th>
                    <th>State</th>
                    <th>Task</th>
                    <th class="num" aria-sort={order('images')}>
                      <Sort by="images">Photos</Sort>
                    </th>
                    <th class="num" aria-sort={order('bytes')}>
                      <Sort by="bytes">Size</Sort>
                    </th>
                    <th>Node</th>
                    <th>Owner</th>
                    <th>Progress</th>
                    <th class="num" aria-sort={order('time')}>
                      <Sort by="time">Took</Sort>
                    </th>
                    <th class="num" aria-sort={order('created')}>
                      <Sort by="created">Created</Sort>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((task) => (
                    <tr key={task.id} class={chosen.has(task.id) ? 'on' : ''}>
                      <td class="off">
                        <input
                          type="checkbox"
                          aria-label={`Select ${task.name || task.id}`}
                          checked={chosen.has(task.id)}
                          onChange={() => {
                            const next = new Set(chosen);
                            if (!next.delete(task.id)) next.add(task.id);
                            setChosen(next);
                          }}
                        />
                      </td>
                      <td>
                        <Mark of={stateOf(task)} />
                      </td>
                      <td class="wide">
                        <a data-row href={link(['tasks', task.id])}>
                          <Text>{task.name || task.id}</Text>
                        </a>
                        {task.error && (
                          <span class="error">
                            {' '}
                            <Text>{task.error}</Text>
                          </span>
                        )}
                      </td>
                      <td class="num off">{count(task.images)}</td>
                      <td class="num off">{bytes(task.bytes)}</td>
                      <td class="off">
                        {task.node ? (
                          <a href={link(['nodes'], { q: task.node })}>
                            <Text>{task.node}</Text>
                          </a>
                        ) : (
                          <span class="faint">none</span>
                        )}
                      </td>
                      <td class="off">
                        {task.owner ? <Text>{task.owner_name ?? task.owner}</Text> : <span class="faint">anyone</span>}
                      </td>
                      <td class="off">{task.state === 'running' ? <Bar part={task.progress / 100} /> : ''}</td>
                      <td class="num off">
                        {task.processing_time != null && task.state !== 'queued' ? span(task.processing_time) : ''}
                      </td>
                      <td class="num faint" title={exact(Date.parse(task.created))}>
                        {ago(Date.parse(task.created), now + live.skew)}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
      {(page?.after || query.after) && (
        <div class="actions">
          <button
            type="button"
            disabled={!query.after}
            onClick={() => {
              go({ after: trail.at(-1) || undefined });
              setTrail(trail.slice(0, -1));
            }}
          >
            Newer
          </button>
          <button
            type="button"
            disabled={!page?.after}
            onClick={() => {
              setTrail([...trail, query.after ?? '']);
              go({ after: page!.after });
            }}
          >
            Older
          </button>
        </div>
      )}
      {asks && (
        <Ask
          title={`Remove ${plural(picked.length, 'task')}?`}
          word="Remove"
          close={() => setAsks(false)}
          loss={`Their files and results go with them: ${bytes(sizeOf(picked))}.`}
          act={() => void each('removed', (task) => call('DELETE', `/tasks/${task.id}`))}
        />
      )}
    </>
  );
}

export function Task({ id }: { id: string }) {
  const { page, fault, reload } = useTasks(`/tasks/${encodeURIComponent(id)}`, `${id}:0`);
  const [lines, setLines] = useState<readonly string[]>([]);
  const [spans, setSpans] = useState<Span[]>([]);
  const [why, setWhy] = useState<{ why: string; events: GatewayEvent[] } | null>(null);
  const [tab, setTab] = useState('Log');
  const [asks, setAsks] = useState(false);
  const now = useNow() + useLive().skew;
  const task = page?.tasks[0];
  useEffect(() => {
    setLines([]);
    const stop = live.onLog(
      (news) => news.task === id && setLines((before) => [...before.slice(0, news.from), ...news.lines]),
    );
    return () => {
      stop();
      live.watch([]);
    };
  }, [id]);
  useEffect(() => {
    void get<{ spans: Span[] }>(`/tasks/${encodeURIComponent(id)}/timeline`).then(
      (found) => setSpans(found.spans),
      () => {},
    );
    void get<{ why: string; events: GatewayEvent[] }>(`/tasks/${encodeURIComponent(id)}/why`).then(setWhy, () => {});
  }, [id, task?.phase, task?.node]);
  if (fault)
    return (
      <>
        <Title name="Task" />
        <Fault of={fault} again={reload} />
      </>
    );
  if (!task)
    return page ? (
      <Empty title="This task was removed">
        <a class="link" href="#/tasks">
          All tasks
        </a>
      </Empty>
    ) : null;
  const act = (method: string, path: string, word: string) =>
    void call(method, `/tasks/${task.id}${path}`).then(
      () => {
        say(word);
        if (method === 'DELETE') location.hash = '#/tasks';
        else reload();
      },
      (refused: Error & { fix?: string }) => say(`${refused.message}. ${refused.fix ?? ''}`),
    );
  const ended = task.phase === 'ended';
  return (
    <>
      <Title name={task.name || task.id}>
        <Mark of={stateOf(task)} />
        {task.state === 'running' && <Bar part={task.progress / 100} />}
        <span class="grow" />
        {!ended && (
          <button type="button" onClick={() => act('POST', '/cancel', 'Cancelled')}>
            Cancel
          </button>
        )}
        {ended && (
          <button type="button" onClick={() => act('POST', '/restart', 'Restarted')}>
            Restart
          </button>
        )}
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Remove
        </button>
      </Title>
      {task.error ? (
        <div class="note bad">
          <span>
            <Text>{task.error}</Text>
          </span>
        </div>
      ) : (
        !ended &&
        why && (
          <p class="soft">
            <Text>{`${why.why[0]?.toUpperCase() ?? ''}${why.why.slice(1)}.`}</Text>
          </p>
        )
      )}
      <Course spans={spans} now={now} />
      <dl class="facts panel body-pad">
        {(
          [
            ['Photos', `${count(task.images)} of ${plural(task.files, 'file')}`],
            ['Size', bytes(task.bytes)],
            ['Node', task.node ?? 'none'],
            ['Owner', task.owner ? (task.owner_name ?? task.owner) : 'anyone'],
            ['Created', exact(Date.parse(task.created))],
            ['Computed for', task.processing_time == null ? 'not yet' : span(task.processing_time)],
            ['Taken from a node', task.attempts === 0 ? 'never' : plural(task.attempts, 'time')],
            ['Results', task.result_bytes == null ? 'none' : bytes(task.result_bytes)],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Text>{value}</Text>
            </dd>
          </div>
        ))}
        <div class="whole">
          <dt>Id</dt>
          <dd class="mono">{task.id}</dd>
        </div>
        {task.parent && (
          <div>
            <dt>Part of</dt>
            <dd>
              <a class="link mono" href={link(['tasks', task.parent])}>
                {task.parent}
              </a>
            </dd>
          </div>
        )}
      </dl>
      <div class="panel">
        <div class="tabs" role="tablist">
          {['Log', ...(task.result_bytes ? ['Results'] : []), 'Decisions', 'By command'].map((name) => (
            <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
              {name}
              {name === 'Log' && task.lines > 0 ? ` ${count(task.lines)}` : ''}
            </button>
          ))}
        </div>
        {tab === 'Log' &&
          (lines.length > 0 ? (
            <Log lines={lines} name={`Output of ${task.name || task.id}`} />
          ) : (
            <Empty title="No output yet">
              <span>Lines appear here as the node writes them.</span>
            </Empty>
          ))}
        {tab === 'Results' && (
          <>
            <div class="bar-above row">
              <button type="button" onClick={() => save(`/tasks/${id}/archive`)}>
                Download all, {bytes(task.result_bytes)}
              </button>
            </div>
            <Results at={`/tasks/${id}`} save={save} none={<Empty title="The archive is empty" />} />
          </>
        )}
        {tab === 'Decisions' && <Events events={why?.events ?? []} now={now} />}
        {tab === 'By command' && (
          <div class="empty">
            <span>The same from a shell:</span>
            <code>muster tasks show {task.id}</code>
            <code>muster tasks watch {task.id}</code>
            <code>GET /api/v1/tasks/{task.id}</code>
          </div>
        )}
      </div>
      {asks && (
        <Ask
          title="Remove this task?"
          word="Remove"
          loss={
            `Its ${plural(task.files, 'file')} (${bytes(task.bytes)})` +
            `${task.result_bytes ? ` and its results (${bytes(task.result_bytes)})` : ''} are deleted.`
          }
          close={() => setAsks(false)}
          act={() => act('DELETE', '', 'Removed')}
        />
      )}
    </>
  );
}

/** Where the time went, as one bar. */
function Course({ spans, now }: { spans: readonly Span[]; now: number }) {
  const lasting = useMemo(
    () => spans.filter((part) => part.to || !['completed', 'failed', 'canceled'].includes(part.phase)),
    [spans],
  );
  if (lasting.length === 0) return null;
  const long = (part: Span) => Math.max(0, (part.to ? Date.parse(part.to) : now) - Date.parse(part.from));
  const whole = lasting.reduce((sum, part) => sum + long(part), 0);
  const names: Record<string, string> = {
    queued: 'waiting',
    receiving: 'receiving',
    sending: 'sending',
    running: 'running',
    collecting: 'collecting',
    fetching: 'fetching',
  };
  return (
    <section class="panel" aria-label="Where the time went">
      <header>
        <h2>Where the time went</h2>
        <span class="faint">{span(whole)} in all</span>
      </header>
      <div class="body">
        <div class="course" aria-hidden="true">
          {lasting.map((part, n) => (
            <div
              key={n}
              class={part.phase}
              ref={(bar) => bar?.style.setProperty('flex', `${Math.max(1, long(part))} 1 0`)}
            >
              {long(part) > whole / 8 ? (names[part.phase] ?? part.phase) : ''}
            </div>
          ))}
        </div>
        <ul class="legend">
          {lasting.map((part, n) => (
            <li key={n}>
              {names[part.phase] ?? part.phase} {span(long(part))}
              {part.node && part.phase !== 'queued' ? ` on ${part.node}` : ''}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

export function Events({ events, now }: { events: readonly GatewayEvent[]; now: number }) {
  if (events.length === 0)
    return (
      <Empty title="Nothing happened yet">
        <span>What the gateway decides and what people change stands here.</span>
      </Empty>
    );
  return (
    <ul class="needs">
      {events.map((event) => (
        <li key={event.number}>
          <span class="when" title={exact(Date.parse(event.at))}>
            {ago(Date.parse(event.at), now)}
          </span>
          <span class="kind">{event.kind}</span>
          <span class="grow">
            {event.task ? (
              <a href={link(['tasks', event.task])}>
                <Text>{event.text}</Text>
              </a>
            ) : (
              <Text>{event.text}</Text>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
