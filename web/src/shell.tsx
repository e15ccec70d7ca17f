import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get, type TaskPage } from './api';
import { link, parse } from './address';
import { clock, span } from './format';
import { live, useLive } from './live';
import { session } from './session';
import { Dialog, Fault, Mark, Text, Theme, Toasts, useNow } from './parts';
import { store, stored } from './store';

export const VIEWS = [
  ['', 'Overview', 'o'],
  ['tasks', 'Tasks', 't'],
  ['queue', 'Queue', 'q'],
  ['nodes', 'Nodes', 'n'],
  ['machines', 'Machines', 'm'],
  ['events', 'Events', 'e'],
  ['tokens', 'Tokens', 'k'],
] as const;

/** One table: handlers, the sheet and hints are made from it. */
const KEYS: readonly [keys: string, does: string][] = [
  ['Ctrl K', 'search or do something'],
  ['.', 'the same'],
  ['/', 'go to the filter'],
  ['j', 'next row'],
  ['k', 'row before'],
  ['Enter', 'open'],
  ['Esc', 'back, or close'],
  ...VIEWS.map(([, name, key]): [string, string] => [`g ${key}`, `go to ${name.toLowerCase()}`]),
  ['?', 'these keys'],
];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');

export function Shell({ children }: { children: ComponentChildren }) {
  const { counts, contact } = useLive();
  const [open, setOpen] = useState<'' | 'palette' | 'keys'>('');
  const here = parse(location.hash).path[0] ?? '';
  const asked = useSession();
  useEffect(() => {
    let before = '';
    let timer = 0;
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
        event.preventDefault();
        setOpen('palette');
        return;
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        typing(event.target) ||
        document.querySelector('dialog[open]')
      )
        return;
      if (stored('keys', 'on') !== 'on') return;
      const key = before === 'g' ? `g ${event.key}` : event.key;
      clearTimeout(timer);
      before = event.key;
      timer = setTimeout(() => (before = ''), 1500);
      const view = VIEWS.find(([, , letter]) => key === `g ${letter}`);
      if (view) location.hash = link([view[0]]);
      else if (key === '.') setOpen('palette');
      else if (key === '?') setOpen('keys');
      else if (key === '/') document.querySelector<HTMLInputElement>('input.find')?.focus();
      else if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
      else if (key === 'Escape' && parse(location.hash).path.length > 1) history.back();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  const figures: Record<string, number | undefined> = {
    tasks: counts?.tasks_live,
    queue: counts?.tasks_waiting,
    nodes: counts?.nodes,
  };
  return (
    <>
      <header class="head">
        <a class="brand" href="#/">
          Muster<span class="faint">{counts?.version}</span>
        </a>
        <ContactDot />
        <button type="button" class="seek" onClick={() => setOpen('palette')}>
          <span>Search or do…</span>
          <kbd>Ctrl K</kbd>
        </button>
        <span class="row spread">
          <Theme />
          {session.signedIn && (
            <button type="button" class="plain" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
          <button type="button" class="plain" aria-label="Keys" onClick={() => setOpen('keys')}>
            ?
          </button>
        </span>
      </header>
      <div class="frame">
        <div class="side">
          <nav aria-label="Views">
            {VIEWS.map(([path, name]) => (
              <a key={path} href={link([path])} aria-current={here === path ? 'page' : undefined}>
                {name}
                {figures[path] ? <span class="num">{figures[path]}</span> : null}
              </a>
            ))}
          </nav>
        </div>
        <main>
          {contact.is === 'lost' && <Lost />}
          {counts?.fault && (
            <div class="note bad" role="alert">
              <span>
                <b>The gateway cannot write:</b> <Text>{counts.fault}</Text>
              </span>
            </div>
          )}
          {children}
        </main>
      </div>
      {asked && <SignIn />}
      {open === 'palette' && <Palette close={() => setOpen('')} />}
      {open === 'keys' && <Keys close={() => setOpen('')} />}
      <Toasts />
    </>
  );
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLAnchorElement>('tbody a[data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLAnchorElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

function useSession(): boolean {
  const [asked, set] = useState(session.asked);
  useEffect(() => {
    set(session.asked); // it may have been asked before this was drawn
    return session.listen(() => set(session.asked));
  }, []);
  return asked;
}

async function signOut(): Promise<void> {
  await call('DELETE', '/session').catch(() => {}); // it is over already
  session.over();
}

/** Over whatever is shown, which stays as it is. */
function SignIn() {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const enter = (event: SubmitEvent) => {
    event.preventDefault();
    void call<{ key?: string }>('POST', '/session', { password: text }).then((answer) => {
      session.began(answer.key ?? '');
      live.again();
    }, setFault);
  };
  return (
    <Dialog title="Sign in" close={() => {}}>
      <form onSubmit={enter}>
        <p class="soft">This cluster is run with a password, that of --admin-pass-file.</p>
        <label class="field">
          <span>Password</span>
          <input
            type="password"
            required
            autoFocus
            autoComplete="current-password"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <Fault of={fault} />
        <div class="actions">
          <button class="primary">Sign in</button>
        </div>
      </form>
    </Dialog>
  );
}

function ContactDot() {
  const { contact } = useLive();
  return (
    <span class={`contact ${contact.is}`} role="status">
      <span class="dot" aria-hidden="true" />
      {{ live: 'live', lost: 'no contact', refused: 'signed out', connecting: 'connecting' }[contact.is]}
    </span>
  );
}

function Lost() {
  const now = useNow();
  const { contact } = useLive();
  if (contact.is !== 'lost' || now - contact.since < 1500) return null;
  return (
    <div class="note">
      <span class="grow">
        No contact since {clock(contact.since)}; this is how it stood then. Next try in {span(contact.next - now)}.
      </span>
      <button type="button" onClick={() => live.again()}>
        Try now
      </button>
    </div>
  );
}

interface Choice {
  key: string;
  mark?: string;
  text: string;
  kind: string;
  act: () => void;
}

function Palette({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState<TaskPage['tasks']>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    setAt(0);
    if (!text.trim()) {
      setFound([]);
      return;
    }
    const timer = setTimeout(
      () =>
        void get<TaskPage>(`/tasks?limit=8&q=${encodeURIComponent(text)}`).then(
          (page) => setFound(page.tasks),
          () => setFound([]),
        ),
      120,
    );
    return () => clearTimeout(timer);
  }, [text]);
  const words = text.toLowerCase().split(' ').filter(Boolean);
  const fits = (name: string) => words.every((word) => name.toLowerCase().includes(word));
  const go = (hash: string) => () => {
    location.hash = hash;
  };
  const nodes = [...live.nodes.values()];
  const choices: Choice[] = [
    ...VIEWS.map(([path, name]) => ({
      key: `v${path}`,
      text: `Go to ${name.toLowerCase()}`,
      kind: 'view',
      act: go(link([path])),
    })),
    { key: 'failed', text: 'Show failed tasks', kind: 'view', act: go(link(['tasks'], { state: 'failed' })) },
    { key: 'add', text: 'Add a node', kind: 'action', act: go(link(['nodes'], { add: '1' })) },
    { key: 'look', text: 'Look at all nodes now', kind: 'action', act: () => void call('POST', '/nodes/refresh') },
  ].filter((choice) => fits(choice.text));
  choices.push(
    ...nodes
      .filter((node) => words.length > 0 && fits(node.name))
      .slice(0, 8)
      .map((node) => ({
        key: node.id,
        mark: node.state,
        text: node.name,
        kind: 'node',
        act: go(link(['nodes', node.id])),
      })),
  );
  choices.push(
    ...found.map((task) => ({
      key: task.id,
      mark: task.state,
      text: task.name || task.id,
      kind: 'task',
      act: go(link(['tasks', task.id])),
    })),
  );
  if (words.length > 0)
    choices.push({
      key: 'all',
      text: `Search all tasks for “${text}”`,
      kind: 'tasks',
      act: go(link(['tasks'], { q: text })),
    });
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setAt((at + (event.key === 'ArrowDown' ? 1 : -1) + choices.length) % choices.length);
    } else if (event.key === 'Enter' && choices[at]) {
      event.preventDefault();
      close();
      choices[at]!.act();
    }
  };
  return (
    <Dialog title="Search or do" kind="palette" close={close}>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="choices"
        aria-activedescendant={choices[at] && `choice-${choices[at]!.key}`}
        aria-label="Search or do"
        placeholder="Search or do…"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={pressed}
        autoFocus
      />
      <ul id="choices" role="listbox" aria-label="Choices">
        {choices.map((choice, n) => (
          // oxlint-disable-next-line click-events-have-key-events
          <li
            key={choice.key}
            id={`choice-${choice.key}`}
            role="option"
            aria-selected={n === at}
            onClick={() => {
              close();
              choice.act();
            }}
          >
            {choice.mark && <Mark of={choice.mark} word="" />}
            <span class="grow clip">
              <Text>{choice.text}</Text>
            </span>
            <span class="faint">{choice.kind}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Keys({ close }: { close: () => void }) {
  const [on, set] = useState(stored('keys', 'on') === 'on');
  return (
    <Dialog title="Keys" close={close}>
      <div class="stack">
        <div class="keys">
          {KEYS.map(([keys, does]) => [<kbd key={keys}>{keys}</kbd>, <span key={does}>{does}</span>])}
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={on}
            onChange={() => {
              store('keys', on ? 'off' : 'on');
              set(!on);
            }}
          />
          Keys without Ctrl work
        </label>
        <div class="actions">
          <button type="button" onClick={close}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  );
}
