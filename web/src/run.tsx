import { useEffect, useRef, useState } from 'preact/hooks';
import { link } from './address';
import { call, get } from './api';
import { Following } from './follow';
import { ago, clock, plural, span, visible } from './format';
import { type Port, type Run, isLive, placeOf, shown, useKnown, wordOf } from './known';
import { Metrics } from './metrics';
import { Ask, Empty, Facts, Fault, Log, Mark, Text, Title, say, useNow } from './parts';
import { type LogPiece, Ranks } from './ranks';
import { Results, listed } from './results';
import { NoScenes, Scenes, openIn } from './scenes';

export const MARKS: Record<string, string> = {
  planned: 'receiving',
  staging: 'sending',
  launched: 'queued',
  queued: 'queued',
  running: 'running',
  succeeded: 'completed',
  cancelled: 'cancelled',
};
/** The state of a run; that its site is away is said beside it, and changes nothing of it. */
export function State({ of: run, now }: { of: Run; now: number }) {
  return (
    <span class="row wrap">
      <Mark of={MARKS[wordOf(run)] ?? 'failed'} word={wordOf(run) + (run.code ? `, code ${run.code}` : '')} />
      {isLive(run) && run.unreachable_since && (
        <Mark of="attention" word={`unreachable for ${span(now - Date.parse(run.unreachable_since))}`} />
      )}
      {isLive(run) && run.cancel_wished && <Mark of="cancelled" word="cancel asked" />}
    </span>
  );
}

/** A command with more characters than this has a place of its own, which scrolls. */
const LONG = 120;

const TABS = ['Log', 'Metrics', 'Scenes', 'Results', 'Why', 'By command'] as const;

export function RunPage({ id, query }: { id: string; query: Readonly<Record<string, string>> }) {
  const { runs, loaded, skew } = useKnown();
  const now = useNow() + skew;
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const run = runs.get(id);
  const tab = TABS.find((name) => name === query.tab) ?? 'Log';
  if (!run)
    return loaded ? (
      <Empty title="There is no such run here">
        <a class="link" href="#/">
          All runs
        </a>
      </Empty>
    ) : (
      <Title name="Run" />
    );
  const act = (word: string, what: string, done: string) => {
    setBusy(word);
    setFault(null);
    void call('POST', `/runs/${id}/${what}`)
      .then(() => say(done), setFault)
      .finally(() => setBusy(''));
  };
  const open = (port: Port) =>
    openIn(
      call('POST', `/runs/${id}/ports/${encodeURIComponent(port.rank)}/${encodeURIComponent(port.name)}`),
      setFault,
    );
  const notHere = (
    <Empty title="No results are here yet">
      <span>They come into a folder of this machine.</span>
      <button type="button" onClick={() => act('fetch', 'fetch', 'Results are here')}>
        Fetch results
      </button>
      <code>muster fetch {run.name}</code>
    </Empty>
  );
  const began = run.started_at && Date.parse(run.started_at);
  const command = shown(run.command);
  const facts: [name: string, value: string | undefined][] = [
    ['Site', placeOf(run)],
    ['Runs on', run.where],
    ['Job', run.handle],
    ['Command', command.length > LONG ? undefined : command],
    ['Code', run.commit && `${run.commit.slice(0, 10)}${run.branch ? ` of ${run.branch}` : ''}`],
    ['Container', run.container],
    ['Submitted', ago(Date.parse(run.created_at), now)],
    ['Waited', began ? span(began - Date.parse(run.created_at)) : undefined],
    ['Ran for', began ? span((run.ended_at ? Date.parse(run.ended_at) : now) - began) : undefined],
    ['Why there', run.host_reason],
    ['Proof of its end', run.evidence && `${run.evidence.source}: ${run.evidence.text}`],
    ['Last seen', isLive(run) && run.seen_at ? ago(Date.parse(run.seen_at), now) : undefined],
    ['Results in', run.fetched_to],
  ];
  return (
    <>
      <Title name={run.name}>
        <State of={run} now={now} />
        <span class="grow" />
        {isLive(run) &&
          run.ports.map((port) => (
            <button key={`${port.rank}/${port.name}`} type="button" class="primary" onClick={() => open(port)}>
              Open {visible(port.name)}
              {run.ports.filter((other) => other.name === port.name).length > 1 && ` of ${visible(port.rank)}`}
            </button>
          ))}
        <button type="button" disabled={busy !== ''} onClick={() => act('fetch', 'fetch', 'Results are here')}>
          {busy === 'fetch' ? 'Fetching…' : 'Fetch results'}
        </button>
        {isLive(run) && (
          <button type="button" class="danger" disabled={run.cancel_wished} onClick={() => setAsks(true)}>
            Cancel
          </button>
        )}
      </Title>
      <Fault of={fault} />
      {isLive(run) && run.unreachable_since && (
        <div class="note">
          <span>
            {placeOf(run)} has not answered since {clock(Date.parse(run.unreachable_since))}. This says nothing about
            the run, which is shown as it was last seen.
          </span>
        </div>
      )}
      {run.notes.map((note) => (
        <div class="note" key={note}>
          <Text>{note}</Text>
        </div>
      ))}
      <Facts of={facts} id={run.id}>
        {command.length > LONG && (
          <div class="whole">
            <dt>Command</dt>
            <dd>
              <div class="few mono" role="region" aria-label="Command" tabIndex={0}>
                <Text>{command}</Text>
              </div>
            </dd>
          </div>
        )}
      </Facts>
      <div class="panel">
        <div class="tabs" role="tablist">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={tab === name}
              onClick={() => (location.hash = link(['runs', id], { tab: name === 'Log' ? undefined : name }))}
            >
              {name}
            </button>
          ))}
        </div>
        {tab === 'Log' && <RunLog id={id} name={run.name} />}
        {tab === 'Metrics' && <Metrics id={id} live={isLive(run)} query={query} />}
        {tab === 'Why' && <Why id={id} turn={wordOf(run)} />}
        {tab === 'Scenes' && (
          <Scenes key={run.fetched_to} at={`/runs/${id}`} none={run.fetched_to ? <NoScenes /> : notHere} />
        )}
        {tab === 'Results' && (
          <Results key={run.fetched_to} from={listed(`/runs/${id}`, run.fetched_to)} none={notHere} />
        )}
        {tab === 'By command' && (
          <div class="empty">
            <span>The same from a shell:</span>
            <code>muster show {run.name} --evidence</code>
            <code>muster logs {run.name} -f</code>
            <code>muster why {run.name}</code>
            <code>muster fetch {run.name}</code>
          </div>
        )}
      </div>
      {asks && (
        <Ask
          title={`Cancel ${run.name}?`}
          word="Cancel the run"
          loss="Its processes end. What it has written by then stays, and can be fetched."
          close={() => setAsks(false)}
          act={() => act('cancel', 'cancel', 'The end of the run is asked for')}
        />
      )}
    </>
  );
}

function RunLog({ id, name }: { id: string; name: string }) {
  const [, draw] = useState(0);
  const ranks = useRef(new Ranks());
  const [lost, setLost] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [ended, setEnded] = useState(false);
  const [which, setWhich] = useState(Ranks.all);
  useEffect(() => {
    let frame = 0;
    const stream = new Following(
      () => `api/v1/runs/${id}/log`,
      (kind, data) => {
        if (kind === 'hello')
          ranks.current = new Ranks(); // it tells all from the first byte
        else if (kind === 'log') ranks.current.add(data as LogPiece);
        else if (kind === 'contact') setLost((data as { lost?: string }).lost ?? null);
        else if (kind === 'fault') {
          const said = data as { error: string; fix: string };
          setFault(Object.assign(new Error(said.error), { fix: said.fix }));
          stream.close();
        } else if (kind === 'end') {
          setEnded(true);
          stream.close();
        }
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          draw((n) => n + 1);
        });
      },
      () => draw((n) => n + 1),
    ).start();
    return () => {
      stream.close();
      cancelAnimationFrame(frame);
    };
  }, [id]);
  const { names, dropped } = ranks.current;
  const lines = ranks.current.lines(which);
  return (
    <>
      {(names.length > 1 || lost || dropped > 0) && (
        <div class="bar-above row wrap">
          {names.length > 1 && (
            <label class="row">
              Log of
              <select value={which} onChange={(event) => setWhich(event.currentTarget.value)}>
                <option value={Ranks.all}>all</option>
                {names.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </label>
          )}
          {lost && (
            <span class="c-warn" role="status">
              <Text>{`No contact: ${lost}. It goes on by itself.`}</Text>
            </span>
          )}
          {dropped > 0 && (
            <span class="faint">{plural(dropped, 'earlier line')} not kept; muster logs --all has all</span>
          )}
        </div>
      )}
      <Fault of={fault} />
      {lines.length > 0 ? (
        <Log lines={lines} name={`Output of ${name}`} />
      ) : (
        !fault && (
          <Empty title={ended ? 'It wrote nothing' : 'No output yet'}>
            <span>{ended ? 'Its log is empty.' : 'Lines appear here as the run writes them.'}</span>
          </Empty>
        )
      )}
    </>
  );
}

function Why({ id, turn }: { id: string; turn: string }) {
  const [why, set] = useState<{ headline: string; lines: { about: string; text: string }[] } | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let gone = false;
    get<typeof why>(`/runs/${id}/why`).then(
      (found) => !gone && set(found),
      (refused) => !gone && setFault(refused),
    );
    return () => void (gone = true);
  }, [id, turn]);
  return (
    <div class="body stack">
      <Fault of={fault} />
      {why ? (
        <>
          <h2>
            <Text>{why.headline}</Text>
          </h2>
          <dl class="lines">
            {why.lines.map((line, n) => (
              <div key={n}>
                <dt>{line.about === why.lines[n - 1]?.about ? '' : line.about}</dt>
                <dd>
                  <Text>{line.text}</Text>
                </dd>
              </div>
            ))}
          </dl>
        </>
      ) : (
        !fault && <p class="faint">Asking its site…</p>
      )}
    </div>
  );
}
