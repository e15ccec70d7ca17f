import { useEffect, useState } from 'preact/hooks';
import { link } from './address';
import { type NodeEntry, type Trial, call, nodeState } from './api';
import { ago, bytes, plural } from './format';
import { useLive } from './live';
import { Ask, Dialog, Empty, Fault, Mark, PickAll, Text, Title, say, useNow } from './parts';

const STATES = ['online', 'offline', 'locked', 'draining'];
const MOST = 200;

export function Nodes({ query }: { query: Readonly<Record<string, string>> }) {
  const { nodes, skew, contact } = useLive();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asks, setAsks] = useState<NodeEntry[] | null>(null);
  const now = useNow() + skew;
  const all = [...nodes.values()];
  const go = (change: Record<string, string | undefined>) => {
    location.hash = link(['nodes'], { ...query, ...change });
  };
  const fits = all.filter((node) =>
    `${node.name} ${node.engine} ${node.engine_version} ${node.fault ?? ''}`
      .toLowerCase()
      .includes((query.q ?? '').toLowerCase()),
  );
  const shown = fits.filter((node) => !query.state || nodeState(node) === query.state).slice(0, MOST);
  const picked = shown.filter((node) => chosen.has(node.id));
  const each = async (some: readonly NodeEntry[], path: string, done: string, undo?: string) => {
    const method = path === '' ? 'DELETE' : 'POST';
    const results = await Promise.allSettled(some.map((node) => call(method, `/nodes/${node.id}${path}`)));
    const refused = results.find((result) => result.status === 'rejected');
    setChosen(new Set());
    const who = some.length === 1 ? some[0]!.name : plural(some.length, 'node');
    say(
      refused ? String((refused.reason as Error).message) : `${who} ${done}`,
      undo ? () => void each(some, undo, 'unlocked') : undefined,
    );
  };
  const act = (node: NodeEntry) => (
    <span class="row">
      <button
        type="button"
        class="plain"
        onClick={() =>
          void each(
            [node],
            node.locked ? '/unlock' : '/lock',
            node.locked ? 'unlocked' : 'locked',
            node.locked ? undefined : '/unlock',
          )
        }
      >
        {node.locked ? 'Unlock' : 'Lock'}
      </button>
      <button type="button" class="plain danger" onClick={() => setAsks([node])}>
        Remove
      </button>
    </span>
  );
  return (
    <>
      <Title name="Nodes">
        <span class="faint">{all.length || ''}</span>
        <span class="grow" />
        <button type="button" class="primary" onClick={() => go({ add: '1' })}>
          Add a node
        </button>
      </Title>
      <div class="row wrap">
        <input
          class="find"
          type="search"
          aria-label="Filter nodes"
          placeholder="Name, engine or fault"
          value={query.q ?? ''}
          onInput={(event) => go({ q: event.currentTarget.value })}
        />
        <div class="chips" role="group" aria-label="State">
          <button type="button" class="chip" aria-pressed={!query.state} onClick={() => go({ state: undefined })}>
            all <b>{fits.length}</b>
          </button>
          {STATES.map((state) => (
            <button
              key={state}
              type="button"
              class="chip"
              aria-pressed={query.state === state}
              onClick={() => go({ state: query.state === state ? undefined : state })}
            >
              <Mark of={state} /> <b>{fits.filter((node) => nodeState(node) === state).length}</b>
            </button>
          ))}
        </div>
      </div>
      {picked.length > 0 && (
        <div class="note run" role="status">
          <span class="grow">{plural(picked.length, 'node')} selected</span>
          <button type="button" onClick={() => void each(picked, '/lock', 'locked', '/unlock')}>
            Lock
          </button>
          <button type="button" onClick={() => void each(picked, '/unlock', 'unlocked')}>
            Unlock
          </button>
          <button type="button" onClick={() => void each(picked, '/drain', 'draining')}>
            Drain
          </button>
          <button type="button" onClick={() => void each(picked, '/refresh', 'asked')}>
            Refresh now
          </button>
          <button type="button" class="danger" onClick={() => setAsks(picked)}>
            Remove
          </button>
        </div>
      )}
      {(all.length > 0 || contact.is === 'live') && (
        <div class="panel">
          {shown.length === 0 ? (
            all.length === 0 ? (
              <Empty title="There is no node yet">
                <span>
                  A node is a NodeODM server or another machine that runs <span class="mono">muster node</span>.
                </span>
                <code>muster nodes add HOST:PORT</code>
              </Empty>
            ) : (
              <Empty title="No node fits">
                <button type="button" onClick={() => go({ q: undefined, state: undefined })}>
                  Show all
                </button>
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
                        take={(all) => setChosen(new Set(all ? shown.map((node) => node.id) : []))}
                      />
                    </th>
                    <th>State</th>
                    <th>Node</th>
                    <th class="num">Tasks</th>
                    <th>Engine</th>
                    <th>API</th>
                    <th class="num">Cores</th>
                    <th class="num">Memory free</th>
                    <th class="num">Photos per task</th>
                    <th class="num">Latency</th>
                    <th>
                      <span class="hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((node) => (
                    <tr key={node.id} class={chosen.has(node.id) ? 'on' : ''}>
                      <td class="off">
                        <input
                          type="checkbox"
                          aria-label={`Select ${node.name}`}
                          checked={chosen.has(node.id)}
                          onChange={() => {
                            const next = new Set(chosen);
                            if (!next.delete(node.id)) next.add(node.id);
                            setChosen(next);
                          }}
                        />
                      </td>
                      <td>
                        <Mark of={nodeState(node)} />
                      </td>
                      <td class="wide">
                        <a data-row href={link(['nodes', node.id])}>
                          <Text>{node.name}</Text>
                        </a>
                        {node.state === 'offline' && (
                          <span class="error">
                            {' '}
                            <Text>{node.fault ?? 'does not answer'}</Text>
                            {node.answered_at && `, last heard ${ago(Date.parse(node.answered_at), now)}`}
                          </span>
                        )}
                      </td>
                      <td class="num">
                        {node.tasks + node.foreign} <span class="faint">/ {node.slots ?? '?'}</span>
                      </td>
                      <td class="off">
                        {node.engine ? (
                          <Text>{`${node.engine} ${node.engine_version ?? ''}`}</Text>
                        ) : (
                          <span class="faint">unknown</span>
                        )}
                      </td>
                      <td class="off">{node.api_version ?? <span class="faint">unknown</span>}</td>
                      <td class="num off">{node.cores ?? <span class="faint">unknown</span>}</td>
                      <td class="num off">
                        {node.available_memory != null && node.total_memory ? (
                          <>
                            {Math.round((100 * node.available_memory) / node.total_memory)} %{' '}
                            <span class="faint">{bytes(node.available_memory)}</span>
                          </>
                        ) : (
                          <span class="faint">unknown</span>
                        )}
                      </td>
                      <td class="num off">{node.max_images ?? 'any'}</td>
                      <td class="num off">
                        {node.state === 'online' && node.latency_ms != null
                          ? `${Math.max(1, Math.round(node.latency_ms))} ms`
                          : ''}
                      </td>
                      <td class="off">{act(node)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
      {fits.length > MOST && <p class="soft">The first {MOST} are shown; filter to see others.</p>}
      {query.add && <Add close={() => go({ add: undefined })} />}
      {asks && (
        <Ask
          title={asks.length === 1 ? `Remove ${asks[0]!.name}?` : `Remove ${asks.length} nodes?`}
          word="Remove"
          close={() => setAsks(null)}
          loss={lost(asks)}
          act={() => void each(asks, '', 'removed')}
        />
      )}
    </>
  );
}

function lost(nodes: readonly NodeEntry[]): string {
  const tasks = nodes.reduce((sum, node) => sum + node.tasks, 0);
  return tasks === 0
    ? 'No task is on it now.'
    : `${plural(tasks, 'task')} begin again on other nodes. Drain instead to let them finish.`;
}

function Add({ close }: { close: () => void }) {
  const [url, setUrl] = useState('');
  const [token, setToken] = useState('');
  const [locked, setLocked] = useState(false);
  const [trial, setTrial] = useState<Trial | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    setTrial(null);
    setFault(null);
    if (!/[.:]./.test(url)) return;
    let gone = false;
    const timer = setTimeout(
      () =>
        void call<Trial>('POST', '/nodes/try', { url, token: token || undefined }).then(
          (found) => {
            if (!gone) setTrial(found);
          },
          (refused) => !gone && setFault(refused),
        ),
      400,
    );
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [url, token]);
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    void call('POST', '/nodes', { url, token: token || undefined, locked }).then(() => {
      say(`${url} is added`);
      close();
    }, setFault);
  };
  return (
    <Dialog title="Add a node" close={close}>
      <form onSubmit={add}>
        <label class="field">
          <span>Address</span>
          <input
            name="url"
            required
            autoFocus
            value={url}
            placeholder="10.0.0.7:3000"
            autoComplete="off"
            spellcheck={false}
            onInput={(event) => setUrl(event.currentTarget.value.trim())}
          />
        </label>
        <label class="field">
          <span>Token</span>
          <input
            name="token"
            type="password"
            value={token}
            placeholder="none"
            autoComplete="off"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={locked} onChange={() => setLocked(!locked)} />
          Give it no tasks yet
        </label>
        <div role="status">
          {trial?.known ? (
            <span class="soft">
              Known already, as <Text>{trial.known}</Text>
            </span>
          ) : trial?.answers ? (
            <span class="ok">
              It answers in {trial.latency_ms} ms: <Text>{`${trial.engine} ${trial.engine_version}`}</Text>,{' '}
              {plural(trial.slots ?? 0, 'slot')}
              {trial.max_images ? `, up to ${plural(trial.max_images, 'photo')}` : ''}
            </span>
          ) : trial ? (
            <span class="error">
              <Text>{trial.fault ?? 'It does not answer'}</Text>
            </span>
          ) : url && !fault ? (
            <span class="faint">Asking it…</span>
          ) : (
            <span class="faint">It is asked who it is as you type.</span>
          )}
        </div>
        <Fault of={fault} />
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button class="primary" disabled={!url || !!trial?.known}>
            Add
          </button>
        </div>
      </form>
    </Dialog>
  );
}
