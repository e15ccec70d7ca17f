import { useEffect, useState } from 'preact/hooks';
import { link } from './address';
import { type TaskEntry, type TaskPage, call, get, stateOf } from './api';
import { ago, bytes, count, exact, plural, span } from './format';
import { live } from './live';
import { Ask, Bar, Empty, Fault, Mark, PickAll, Text, Title, say, useNow } from './parts';

const sizeOf = (tasks: readonly TaskEntry[]) =>
  tasks.reduce((sum, task) => sum + task.bytes + (task.result_bytes ?? 0), 0);

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
                      <PickAll
                        all={picked.length === shown.length}
                        take={(all) => setChosen(new Set(all ? shown.map((task) => task.id) : []))}
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
