import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './style.css';
import { link } from './address';
import { call } from './api';
import { Compare } from './compare';
import { ago, clock, count, exact, span, visible } from './format';
import { type Run, isLive, known, placeOf, shown, useKnown, wordOf } from './known';
import { Empty, Text, Theme, Title, Toasts, useAddress, useNow } from './parts';
import { RunPage, State } from './run';
import { session } from './session';
import { Sites } from './sites';

function Runs({ query }: { query: Readonly<Record<string, string>> }) {
  const { runs, loaded, skew } = useKnown();
  const now = useNow() + skew;
  const all = [...runs.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const words = (query.q ?? '').toLowerCase().split(' ').filter(Boolean);
  const fits = (run: Run) =>
    words.every((word) =>
      [run.name, run.site, run.host ?? '', run.id, wordOf(run), ...run.command].join(' ').toLowerCase().includes(word),
    );
  const kinds: [name: string, is: (run: Run) => boolean][] = [
    ['active', isLive],
    ['failed', (run) => !isLive(run) && !['succeeded', 'cancelled'].includes(wordOf(run))],
    ['succeeded', (run) => wordOf(run) === 'succeeded'],
  ];
  const kind = kinds.find(([name]) => name === query.state);
  const found = all.filter((run) => fits(run) && (kind?.[1](run) ?? true));
  const go = (change: Record<string, string | undefined>) => (location.hash = link([], { ...query, ...change }));
  const chosen = (query.runs ?? '').split(',').filter((id) => runs.has(id));
  const choose = (id: string) =>
    go({ runs: (chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]).join(',') });
  return (
    <>
      <Title name="Runs">
        <span class="faint">{loaded ? count(all.length) : ''}</span>
        <span class="grow" />
        {chosen.length > 0 && (
          <>
            <button type="button" class="plain" onClick={() => go({ runs: '' })}>
              Choose none
            </button>
            <a class="button" href={link(['compare'], { runs: chosen.join(',') })}>
              {chosen.length === 1 ? 'Compare with another' : `Compare ${count(chosen.length)} runs`}
            </a>
          </>
        )}
      </Title>
      {loaded && all.length === 0 ? (
        <div class="panel">
          <Empty title="No runs yet">
            <span>What you start on any site appears here.</span>
            <code>muster submit -- python train.py</code>
          </Empty>
        </div>
      ) : (
        <>
          <div class="row wrap">
            <input
              type="search"
              class="find"
              aria-label="Filter runs"
              placeholder="Name, site, command…"
              value={query.q ?? ''}
              onInput={(event) => go({ q: event.currentTarget.value })}
            />
            <div class="chips">
              {kinds.map(([name, is]) => (
                <button
                  key={name}
                  type="button"
                  class="chip"
                  aria-pressed={query.state === name}
                  onClick={() => go({ state: query.state === name ? undefined : name })}
                >
                  {name} <span class="num">{count(all.filter((run) => fits(run) && is(run)).length)}</span>
                </button>
              ))}
            </div>
          </div>
          <div class="panel scroll">
            {loaded && found.length === 0 ? (
              <Empty title="No run fits this filter">
                <a class="link" href="#/">
                  Show all
                </a>
              </Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th>
                      <span class="hidden">Compare</span>
                    </th>
                    <th>State</th>
                    <th>Name</th>
                    <th>Site</th>
                    <th>Command</th>
                    <th class="num">Started</th>
                    <th class="num">Took</th>
                  </tr>
                </thead>
                <tbody>
                  {found.slice(0, 200).map((run) => (
                    <tr key={run.id} class={chosen.includes(run.id) ? 'on' : ''}>
                      <td class="pick">
                        <input
                          type="checkbox"
                          aria-label={`Compare ${visible(run.name)}`}
                          checked={chosen.includes(run.id)}
                          onChange={() => choose(run.id)}
                        />
                      </td>
                      <td>
                        <State of={run} now={now} />
                      </td>
                      <td class="wide">
                        <a data-row href={link(['runs', run.id])}>
                          <Text>{run.name}</Text>
                        </a>
                      </td>
                      <td>
                        <Text>{placeOf(run)}</Text>
                      </td>
                      <td class="off">
                        <span class="clip command mono">
                          <Text>{shown(run.command)}</Text>
                        </span>
                      </td>
                      <td class="num" title={exact(Date.parse(run.started_at ?? run.created_at))}>
                        {run.started_at ? ago(Date.parse(run.started_at), now) : ''}
                      </td>
                      <td class="num off">
                        {run.started_at
                          ? span((run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at))
                          : ''}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </div>
        </>
      )}
    </>
  );
}

const VIEWS = [
  ['', 'Runs'],
  ['sites', 'Sites'],
] as const;

function Page() {
  const {
    path: [view = '', id],
    query,
  } = useAddress();
  const { stream, version, runs } = useKnown();
  const [asked, setAsked] = useState(session.asked);
  const now = useNow();
  useEffect(() => {
    setAsked(session.asked); // it may have been asked before this was drawn
    return session.listen(() => setAsked(session.asked));
  }, []);
  const { contact } = stream;
  if (asked)
    return (
      <main class="alone">
        <Empty title="This window is not signed in">
          <span>The address that muster ui prints works once. Start it again for another.</span>
          <code>muster ui</code>
        </Empty>
      </main>
    );
  const live = [...runs.values()].filter(isLive).length;
  return (
    <>
      <header class="head">
        <a class="brand" href="#/">
          Muster<span class="faint">{version}</span>
        </a>
        <span class={`contact ${contact.is}`} role="status">
          <span class="dot" aria-hidden="true" />
          {{ live: 'live', lost: 'no contact', refused: 'signed out', connecting: 'connecting' }[contact.is]}
        </span>
        <span class="row spread">
          <Theme />
        </span>
      </header>
      <div class="frame">
        <div class="side">
          <nav aria-label="Views">
            {VIEWS.map(([path, name]) => (
              <a
                key={path}
                href={link(path ? [path] : [])}
                aria-current={view === path || (path === '' && view !== 'sites') ? 'page' : undefined}
              >
                {name}
                {path === '' && live > 0 ? <span class="num">{live}</span> : null}
              </a>
            ))}
          </nav>
        </div>
        <main>
          {contact.is === 'lost' && now - contact.since > 1500 && (
            <div class="note">
              <span class="grow">
                muster ui does not answer since {clock(contact.since)}; this is how it stood then. Start it again:{' '}
                <code>muster ui</code>
              </span>
            </div>
          )}
          {view === '' ? (
            <Runs query={query} />
          ) : view === 'runs' && id ? (
            <RunPage key={id} id={id} query={query} />
          ) : view === 'compare' ? (
            <Compare query={query} />
          ) : view === 'sites' ? (
            <Sites />
          ) : (
            <Empty title="There is no such view">
              <a class="link" href="#/">
                Runs
              </a>
            </Empty>
          )}
        </main>
      </div>
      <Toasts />
    </>
  );
}

/** The word in the address is good once; what it gives is kept by this browser for this port. */
async function begin(): Promise<void> {
  const once = /^#k=(\w+)$/.exec(location.hash)?.[1];
  if (once) {
    history.replaceState(null, '', location.pathname);
    await call<{ key: string }>('POST', '/session', { once }).then(
      ({ key }) => session.began(key),
      () => {}, // another window may have used it; then the key is there
    );
  }
  known.stream.start();
  render(<Page />, document.getElementById('page')!);
}

void begin();
