import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { HandIn } from './form';
import { count, plural } from './format';
import { EVERY, type Info, type TaskInfo, WORDS, ask, enter, heldToken, leave } from './odm';
import { Empty, Mark, Text, Theme, Toasts } from './parts';
import { TaskRow } from './row';
import { Denied } from './upload';
import './style.css';

const MOST = 100;

function SignIn({ wrong: refused, done }: { wrong: boolean; done: () => void }) {
  const [text, setText] = useState('');
  const [stay, setStay] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    enter(text, stay);
    done();
  };
  return (
    <div class="panel signin">
      <form class="body stack" onSubmit={submit}>
        <h1>Sign in</h1>
        <p class="soft">Photos are handed in with a token, which whoever runs this server gives you.</p>
        <label class="field">
          <span>Token</span>
          <input
            type="password"
            required
            autoFocus
            autoComplete="current-password"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {refused && (
          <p class="error" role="alert">
            This token is not accepted.
          </p>
        )}
        <label class="check">
          <input type="checkbox" checked={stay} onChange={() => setStay(!stay)} />
          Stay signed in on this computer
        </label>
        <div class="actions">
          <button class="primary">Sign in</button>
        </div>
      </form>
    </div>
  );
}

function Page() {
  const [info, setInfo] = useState<Info | null>(null);
  const [tasks, setTasks] = useState<readonly TaskInfo[] | null>(null);
  const [total, setTotal] = useState(0);
  const [refused, setRefused] = useState<'no' | 'asked' | 'wrong'>('no');
  const [lost, setLost] = useState(0);
  const [open, setOpen] = useState('');
  const [state, setState] = useState(0);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const ended = new Map<string, TaskInfo>();
    const look = async () => {
      clearTimeout(timer);
      if (!document.hidden)
        try {
          setInfo(await ask<Info>('info'));
          const list = (await ask<{ uuid: string }[]>('task/list')).toReversed();
          setTotal(list.length);
          // what has ended stays as it is, but for a restart
          const found = await Promise.all(
            list
              .slice(0, MOST)
              .map(({ uuid }) => ended.get(uuid) ?? ask<TaskInfo>(`task/${uuid}/info`).catch(() => null)),
          );
          if (gone) return;
          const known = found.filter((task) => task !== null);
          for (const task of known) if (task.status.code >= 30) ended.set(task.uuid, task);
          setTasks(known.toSorted((a, b) => b.dateCreated - a.dateCreated));
          setLost(0);
          setRefused('no');
        } catch (fault) {
          if (gone) return;
          if (fault instanceof Denied && fault.status === 401) {
            setRefused(heldToken() ? 'wrong' : 'asked');
            return;
          }
          setLost((since) => since || Date.now());
        }
      timer = setTimeout(() => void look(), EVERY);
    };
    const shown = () => {
      if (!document.hidden) void look();
    };
    document.addEventListener('visibilitychange', shown);
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [turn]);
  const again = () => setTurn((n) => n + 1);
  const shown = (tasks ?? []).filter((task) => !state || task.status.code === state);
  const of = (code: number) => (tasks ?? []).filter((task) => task.status.code === code).length;
  return (
    <>
      <header class="head">
        <a class="brand" href="#/">
          Muster
        </a>
        <span class={`contact ${lost ? 'lost' : info ? 'live' : ''}`} role="status">
          <span class="dot" aria-hidden="true" />
          {lost ? 'no contact' : info ? 'live' : 'connecting'}
        </span>
        <span class="grow clip faint desk">
          {info && info.engine && (
            <Text>
              {`${info.engine} ${info.engineVersion} · ${plural(info.taskQueueCount, 'task')} under way, ` +
                plural(info.maxParallelTasks, 'slot')}
            </Text>
          )}
        </span>
        <span class="row spread">
          <Theme />
          {heldToken() && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                leave();
                setInfo(null);
                setTasks(null);
                again();
              }}
            >
              Sign out
            </button>
          )}
        </span>
      </header>
      <main>
        {lost > 0 && (
          <div class="note">
            <span class="grow">The server does not answer; this is how it stood. It is asked again by itself.</span>
            <button type="button" onClick={again}>
              Try now
            </button>
          </div>
        )}
        {refused !== 'no' ? (
          <SignIn wrong={refused === 'wrong'} done={again} />
        ) : (
          info && (
            <div class="halves">
              <h1 class="hidden">Tasks</h1>
              <HandIn info={info} sent={again} />
              <section class="panel" aria-label="Tasks">
                <header class="wraps">
                  <h2 class="grow">
                    Tasks <span class="faint">{total > 0 && count(total)}</span>
                  </h2>
                  <div class="chips" role="group" aria-label="State">
                    {[20, 10, 40, 30, 50]
                      .filter((code) => of(code) > 0)
                      .map((code) => (
                        <button
                          key={code}
                          type="button"
                          class="chip"
                          aria-pressed={state === code}
                          onClick={() => setState(state === code ? 0 : code)}
                        >
                          <Mark of={WORDS[code]!} /> <b>{of(code)}</b>
                        </button>
                      ))}
                  </div>
                </header>
                {tasks && tasks.length === 0 && (
                  <Empty title="No task yet">
                    <span>What you hand in appears here, with its log and its results.</span>
                    <code>muster tasks submit photos/*.jpg</code>
                  </Empty>
                )}
                <ul>
                  {shown.map((task) => (
                    <TaskRow
                      key={task.uuid}
                      task={task}
                      open={open === task.uuid}
                      toggle={() => setOpen(open === task.uuid ? '' : task.uuid)}
                      changed={again}
                    />
                  ))}
                </ul>
                {total > MOST && (
                  <p class="faint body-pad">
                    The newest {MOST} of {count(total)} are shown; muster tasks list shows all.
                  </p>
                )}
              </section>
            </div>
          )
        )}
      </main>
      <Toasts />
    </>
  );
}

render(<Page />, document.getElementById('page')!);
