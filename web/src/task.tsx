import { useEffect, useMemo, useState } from 'preact/hooks';
import { link } from './address';
import { type GatewayEvent, type Span, call, get, stateOf } from './api';
import { Events } from './events';
import { bytes, count, exact, plural, span } from './format';
import { live, useLive } from './live';
import { Ask, Bar, Empty, Facts, Fault, Log, Mark, Text, Title, say, useNow } from './parts';
import { Results, listed, pathOf } from './results';
import { useTasks } from './tasks';

/** A browser that saves a file sends no key, so it is given a link that opens this one alone. */
const save = (path: string) =>
  void call<{ url: string }>('POST', '/tickets', { path: `/api/v1${path}` }).then(
    ({ url }) => {
      location.href = url.slice(1);
    },
    (refused: Error) => say(refused.message),
  );

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
      <Facts
        id={task.id}
        of={[
          ['Photos', `${count(task.images)} of ${plural(task.files, 'file')}`],
          ['Size', bytes(task.bytes)],
          ['Node', task.node ?? 'none'],
          ['Owner', task.owner ? (task.owner_name ?? task.owner) : 'anyone'],
          ['Created', exact(Date.parse(task.created))],
          ['Computed for', task.processing_time == null ? 'not yet' : span(task.processing_time)],
          ['Taken from a node', task.attempts === 0 ? 'never' : plural(task.attempts, 'time')],
          ['Results', task.result_bytes == null ? 'none' : bytes(task.result_bytes)],
        ]}
      >
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
      </Facts>
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
            <Results
              from={listed(`/tasks/${id}`)}
              save={(path) => save(`/tasks/${id}/files/${pathOf(path)}`)}
              none={<Empty title="The archive is empty" />}
            />
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
