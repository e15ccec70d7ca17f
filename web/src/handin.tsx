import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import './style.css';
import { ago, bytes, count, plural, span } from './format';
import { type Option, PRESETS, apply, choices, isPhoto, isWanted, wrong } from './options';
import { Ask, Bar, Empty, Fault, Log, Mark, Text, Theme, Toasts, say, store, stored, useNow } from './parts';
import { Denied, type Progress, Upload } from './upload';

interface Info {
  version: string;
  taskQueueCount: number;
  maxImages: number | null;
  maxParallelTasks: number;
  engine: string;
  engineVersion: string;
}
interface TaskInfo {
  uuid: string;
  name: string;
  dateCreated: number;
  processingTime: number;
  status: { code: number; errorMessage?: string };
  imagesCount: number;
  progress: number;
}

const WORDS: Record<number, string> = { 10: 'queued', 20: 'running', 30: 'failed', 40: 'completed', 50: 'cancelled' };
const EVERY = 2000;
const MOST = 100;

let token = new URLSearchParams(location.search).get('token') ?? '';
if (token)
  history.replaceState(null, '', location.pathname + location.hash); // it does not stay in the address
else token = sessionStorage.getItem('muster-token') ?? stored('token');
if (token) sessionStorage.setItem('muster-token', token);

const at = (path: string, query: Record<string, string> = {}) => {
  const text = new URLSearchParams(token ? { ...query, token } : query).toString();
  return text ? `${path}?${text}` : path;
};

async function ask<T>(path: string, query?: Record<string, string>, form?: Record<string, string>): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(at(path, query), form ? { method: 'POST', body: new URLSearchParams(form) } : {});
  } catch {
    throw new Denied('The server does not answer', true);
  }
  const said = (await answer.json().catch(() => ({}))) as T & { error?: string };
  const refused = typeof said === 'object' && said !== null && typeof said.error === 'string' ? said.error : '';
  if (answer.status === 401 || refused.startsWith('Invalid authentication'))
    throw new Denied('A token is needed here', false, 401);
  if (refused || !answer.ok)
    throw new Denied(refused || `The server answered ${answer.status}`, answer.status >= 500, answer.status);
  return said;
}

function SignIn({ wrong: refused, done }: { wrong: boolean; done: () => void }) {
  const [text, setText] = useState('');
  const [stay, setStay] = useState(false);
  const enter = (event: SubmitEvent) => {
    event.preventDefault();
    token = text.trim();
    sessionStorage.setItem('muster-token', token);
    if (stay) store('token', token);
    done();
  };
  return (
    <div class="panel signin">
      <form class="body stack" onSubmit={enter}>
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

async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [await new Promise<File>((found, failed) => (entry as FileSystemFileEntry).file(found, failed))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // a folder tells at most 100 names a call
    // oxlint-disable-next-line no-await-in-loop
    const some = await new Promise<FileSystemEntry[]>((told, failed) => reader.readEntries(told, failed));
    if (some.length === 0) return found;
    // oxlint-disable-next-line no-await-in-loop
    for (const files of await Promise.all(some.map(walk))) found.push(...files);
  }
}

function HandIn({ info, sent }: { info: Info; sent: () => void }) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [left, setLeft] = useState(0);
  const [name, setName] = useState('');
  const [preset, setPreset] = useState(stored('preset', 'Default'));
  const [options, setOptions] = useState<readonly Option[]>([]);
  const [own, setOwn] = useState<Record<string, string>>({});
  const [find, setFind] = useState('');
  const [over, setOver] = useState(false);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [asks, setAsks] = useState(false);
  const upload = useRef<Upload | null>(null);
  useEffect(() => void ask<Option[]>('options').then(setOptions, () => {}), [info.engine]);
  useEffect(() => {
    if (!progress) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', stay);
    return () => removeEventListener('beforeunload', stay);
  }, [!progress]);
  const take = (more: readonly File[]) => {
    const known = new Set(files.map((file) => `${file.name}/${file.size}/${file.lastModified}`));
    const wanted = more.filter((file) => isWanted(file.name));
    setLeft((n) => n + more.length - wanted.length);
    setFiles([...files, ...wanted.filter((file) => !known.has(`${file.name}/${file.size}/${file.lastModified}`))]);
    setFault(null);
    const folder = more[0]?.webkitRelativePath.split('/')[0];
    if (!name && folder) setName(folder);
  };
  const dropped = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const entries = [...(event.dataTransfer?.items ?? [])]
      .map((item) => item.webkitGetAsEntry())
      .filter((entry) => entry !== null);
    take((await Promise.all(entries.map(walk))).flat());
  };
  const photos = files.filter((file) => isPhoto(file.name)).length;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const chosen = PRESETS.find((one) => one.name === preset) ?? PRESETS[0]!;
  const set = apply(chosen, options);
  const faults = options.filter((option) => wrong(option, own[option.name] ?? ''));
  const names = Map.groupBy(files, (file) => file.name);
  const twins = [...names.values()].filter((like) => like.length > 1).length;
  const tooMany = info.maxImages != null && photos > info.maxImages;
  const remarks = [
    left > 0 && `${plural(left, 'file')} left out: no engine reads ${left === 1 ? 'it' : 'them'}`,
    twins > 0 && `${plural(twins, 'name')} twice: the second one arrives as name_.jpg`,
    photos === 999 && 'Exactly 999 photos: is there another folder on the card?',
  ].filter((remark) => typeof remark === 'string');
  const send = async () => {
    setFault(null);
    const values = { ...set.sets, ...Object.fromEntries(Object.entries(own).filter(([, text]) => text !== '')) };
    const wish = {
      name: name || `Task of ${new Date().toLocaleDateString()}`,
      options: Object.entries(values).map(([key, value]) => ({
        name: key,
        value: value === 'true' ? true : value === 'false' ? false : value,
      })),
    };
    upload.current = new Upload(files, wish, token, setProgress);
    setProgress({ done: 0, files: files.length, sent: 0, bytes: size, speed: 0, is: 'sending' });
    try {
      await upload.current.run();
      say(`${wish.name} is handed in`);
      setFiles([]);
      setLeft(0);
      setName('');
      sent();
    } catch (refused) {
      if (!(refused instanceof Denied && refused.message === 'Cancelled')) setFault(refused);
    } finally {
      setProgress(null);
    }
  };
  if (progress) {
    const rest = progress.speed > 0 ? (progress.bytes - progress.sent) / progress.speed : 0;
    return (
      <section class="panel" aria-label="Upload">
        <header>
          <h2 class="grow">Sending {name || 'the new task'}</h2>
        </header>
        <div class="body stack">
          <Bar part={progress.bytes > 0 ? progress.sent / progress.bytes : 1} big />
          <p role="status">
            {progress.is === 'waiting'
              ? `Waiting for the server: ${progress.why}. It goes on by itself.`
              : progress.is === 'paused'
                ? 'Paused'
                : progress.is === 'committing'
                  ? 'All files are there; starting the task'
                  : `${count(progress.done)} of ${plural(progress.files, 'file')}`}
          </p>
          <p class="soft">
            {bytes(progress.sent)} of {bytes(progress.bytes)}
            {progress.is === 'sending' &&
              progress.speed > 0 &&
              ` · ${bytes(progress.speed)}/s · ${span(rest * 1000)} left`}
          </p>
          <div class="row">
            <button type="button" onClick={() => upload.current?.pause(!upload.current.paused)}>
              {progress.is === 'paused' ? 'Go on' : 'Pause'}
            </button>
            <button type="button" class="danger" onClick={() => setAsks(true)}>
              Cancel
            </button>
          </div>
        </div>
        {asks && (
          <Ask
            title="Cancel this upload?"
            word="Cancel the upload"
            loss={`${bytes(progress.sent)} that were sent are thrown away.`}
            close={() => setAsks(false)}
            act={() => upload.current?.cancel()}
          />
        )}
      </section>
    );
  }
  const shown = options.filter((option) => `${option.name} ${option.help}`.toLowerCase().includes(find.toLowerCase()));
  return (
    <section
      class="panel"
      aria-label="New task"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void dropped(event)}
    >
      <header>
        <h2>New task</h2>
      </header>
      <div class="body stack">
        <div class={over ? 'drop over' : 'drop'}>
          {files.length === 0 ? (
            <>
              <b>Drop photos or a folder here</b>
              <span class="soft">
                Photos, control points (<span class="mono">gcp_list.txt</span>, <span class="mono">geo.txt</span>),
                video or point clouds.
              </span>
            </>
          ) : (
            <>
              <b>
                {plural(photos, 'photo')}
                {files.length > photos && ` and ${plural(files.length - photos, 'other file')}`}
              </b>
              <span class="soft">{bytes(size)}</span>
            </>
          )}
          <span class="row wrap">
            <Pick word={files.length === 0 ? 'Choose photos' : 'Add photos'} take={take} />
            <Pick word="Choose a folder" folder take={take} />
            {files.length > 0 && (
              <button
                type="button"
                onClick={() => {
                  const before = files;
                  setFiles([]);
                  setLeft(0);
                  say('Cleared', () => setFiles(before));
                }}
              >
                Clear
              </button>
            )}
          </span>
        </div>
        {files.length > 0 && (
          <ul class="picked" tabIndex={0} aria-label="Chosen files">
            {files.slice(0, 200).map((file, n) => (
              <li key={n}>
                <span class="grow clip">
                  <Text>{file.name}</Text>
                </span>
                <span class="faint">{bytes(file.size)}</span>
                <button
                  type="button"
                  class="plain"
                  aria-label={`Leave out ${file.name}`}
                  onClick={() => {
                    const before = files;
                    setFiles(files.filter((other) => other !== file));
                    say(`${file.name} is left out`, () => setFiles(before));
                  }}
                >
                  ✕
                </button>
              </li>
            ))}
            {files.length > 200 && <li class="faint">and {count(files.length - 200)} more</li>}
          </ul>
        )}
        {remarks.length > 0 && (
          <ul class="remarks">
            {remarks.map((remark) => (
              <li key={remark}>
                <Mark of="attention" word="" /> {remark}
              </li>
            ))}
          </ul>
        )}
        {tooMany && <p class="error">This server takes up to {plural(info.maxImages!, 'photo')} a task.</p>}
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            maxLength={255}
            placeholder={`Task of ${new Date().toLocaleDateString()}`}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Preset</span>
          <select
            value={preset}
            onChange={(event) => {
              setPreset(event.currentTarget.value);
              store('preset', event.currentTarget.value);
            }}
          >
            {PRESETS.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}: {one.says}
              </option>
            ))}
          </select>
        </label>
        {options.length > 0 && set.lacks.length > 0 && (
          <p class="faint">
            {info.engine} does not have {set.lacks.join(', ')}; left out.
          </p>
        )}
        <details>
          <summary>
            {Object.values(own).filter(Boolean).length > 0
              ? `${plural(Object.values(own).filter(Boolean).length, 'option')} changed`
              : `All ${options.length} options`}
          </summary>
          <div class="stack options-box">
            <input
              type="search"
              aria-label="Search options"
              placeholder="Search options"
              value={find}
              onInput={(event) => setFind(event.currentTarget.value)}
            />
            <div class="options" tabIndex={0} role="group" aria-label="Options">
              {shown.map((option) => (
                <Field
                  key={option.name}
                  of={option}
                  preset={set.sets[option.name]}
                  value={own[option.name] ?? ''}
                  set={(text) => setOwn({ ...own, [option.name]: text })}
                />
              ))}
            </div>
          </div>
        </details>
        <Fault of={fault} again={() => void send()} />
        <button
          type="button"
          class="primary send"
          disabled={files.length === 0 || tooMany || faults.length > 0}
          onClick={() => void send()}
        >
          {files.length > 0 ? `Send ${photos > 0 ? plural(photos, 'photo') : plural(files.length, 'file')}` : 'Send'}
        </button>
      </div>
    </section>
  );
}

function Pick({ word, folder, take }: { word: string; folder?: boolean; take: (files: readonly File[]) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (folder && field.current) field.current.webkitdirectory = true;
  }, []);
  return (
    <>
      <input
        type="file"
        hidden
        multiple
        ref={field}
        aria-label={word}
        onChange={(event) => {
          take([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      <button type="button" onClick={() => field.current?.click()}>
        {word}
      </button>
    </>
  );
}

function Field({
  of: option,
  preset,
  value,
  set,
}: {
  of: Option;
  preset: unknown;
  value: string;
  set: (text: string) => void;
}) {
  const fixed = option.type === 'bool' ? ['true', 'false'] : choices(option);
  const fault = wrong(option, value);
  const usual = String(preset ?? option.value ?? '');
  return (
    <label class="field">
      <span>{option.name}</span>
      {fixed ? (
        <select value={value} onChange={(event) => set(event.currentTarget.value)}>
          <option value="">{usual || 'as the engine'}</option>
          {fixed
            .filter((one) => one !== usual)
            .map((one) => (
              <option key={one}>{one}</option>
            ))}
        </select>
      ) : (
        <input
          value={value}
          placeholder={usual || 'as the engine'}
          aria-invalid={fault !== null}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      {fault && <span class="error">Give it {fault}</span>}
      <p>
        <Text>
          {option.help
            .replaceAll('%(default)s', String(option.value))
            .replaceAll('%(choices)s', (choices(option) ?? []).join(', '))}
        </Text>
      </p>
    </label>
  );
}

function TaskRow({
  task,
  open,
  toggle,
  changed,
}: {
  task: TaskInfo;
  open: boolean;
  toggle: () => void;
  changed: () => void;
}) {
  const now = useNow();
  const [lines, setLines] = useState<readonly string[]>([]);
  const [asks, setAsks] = useState(false);
  const state = WORDS[task.status.code] ?? 'unknown';
  const live = task.status.code <= 20;
  useEffect(() => {
    if (!open) return;
    let gone = false;
    let timer = 0;
    let known: readonly string[] = [];
    const look = async () => {
      const more = await ask<string[]>(`task/${task.uuid}/output`, { line: String(known.length) }).catch(() => []);
      if (gone) return;
      if (more.length > 0) setLines((known = [...known, ...more]));
      if (live) timer = setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [open, live, task.uuid]);
  const act = (what: string, word: string) =>
    void ask(`task/${what}`, {}, { uuid: task.uuid }).then(
      () => {
        say(`${task.name} ${word}`);
        changed();
      },
      (refused: Error) => say(refused.message),
    );
  return (
    <li class="taskcard">
      <Mark of={state} />
      <span class="grow clip">
        <b>
          <Text>{task.name || task.uuid}</Text>
        </b>
      </span>
      {task.status.code === 20 ? (
        <Bar part={task.progress / 100} />
      ) : (
        <span class="faint">{ago(task.dateCreated, now)}</span>
      )}
      <span class="soft second">
        {plural(task.imagesCount, 'photo')}
        {task.processingTime > 0 && ` · ${span(task.processingTime)}`}
        {task.status.errorMessage && (
          <span class="error">
            {' '}
            · <Text>{task.status.errorMessage}</Text>
          </span>
        )}
      </span>
      <span class="row acts">
        <button type="button" class="plain" aria-expanded={open} onClick={toggle}>
          Log
        </button>
        {live && (
          <button type="button" class="plain" onClick={() => act('cancel', 'is cancelled')}>
            Cancel
          </button>
        )}
        {!live && (
          <button type="button" class="plain" onClick={() => act('restart', 'runs again')}>
            Again
          </button>
        )}
        {!live && (
          <button type="button" class="plain danger" onClick={() => setAsks(true)}>
            Remove
          </button>
        )}
        {task.status.code === 40 && (
          <a class="button" href={at(`task/${task.uuid}/download/all.zip`)}>
            Download
          </a>
        )}
      </span>
      {open && (
        <div class="open">
          {lines.length > 0 ? <Log lines={lines} name={`Output of ${task.name}`} /> : <Empty title="No output yet" />}
        </div>
      )}
      {asks && (
        <Ask
          title={`Remove ${task.name || 'this task'}?`}
          word="Remove"
          loss={`Its ${plural(task.imagesCount, 'photo')} and its results are deleted from the server.`}
          close={() => setAsks(false)}
          act={() => act('remove', 'is removed')}
        />
      )}
    </li>
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
            setRefused(token ? 'wrong' : 'asked');
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
          {token && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                token = '';
                sessionStorage.removeItem('muster-token');
                store('token', '');
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
