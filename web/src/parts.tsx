import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { visible } from './format';
import { type Address, parse } from './address';
import { store, stored } from './store';

export function useAddress(): Address {
  const [at, set] = useState(() => parse(location.hash));
  useEffect(() => {
    const moved = () => set(parse(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return at;
}

/** Now, again and again. */
export function useNow(every = 1000): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** A text from outside. */
export const Text = ({ children }: { children: string }) => <bdi>{visible(children)}</bdi>;

type Shape = [path: string, colour: string, filled?: boolean];
const SHAPES: Record<string, Shape> = {
  receiving: ['M8 2a6 6 0 1 0 .01 0', 'wait'],
  fetching: ['M8 2a6 6 0 1 0 .01 0', 'wait'],
  queued: ['M8 2a6 6 0 1 0 .01 0', 'wait'],
  sending: ['M8 2a6 6 0 1 0 .01 0M8 11V5M5.5 7.5 8 5l2.5 2.5', 'run'],
  running: ['M8 2a6 6 0 1 0 .01 0M8 5v3.5l2.5 1.5', 'run'],
  collecting: ['M8 2a6 6 0 1 0 .01 0M8 5v6M5.5 8.5 8 11l2.5-2.5', 'run'],
  completed: ['M8 2a6 6 0 1 0 .01 0M5 8.2l2.2 2.2L11 6', 'ok'],
  failed: ['M8 1.5 14.5 8 8 14.5 1.5 8zM6 6l4 4M10 6l-4 4', 'bad'],
  cancelled: ['M8 2a6 6 0 1 0 .01 0M4 12 12 4', 'stop'],
  online: ['M8 3a5 5 0 1 0 .01 0', 'ok', true],
  unknown: ['M8 2a6 6 0 1 0 .01 0', 'wait'],
  offline: ['M8 2.5 14.5 13.5h-13zM8 7v3M8 11.8v.2', 'bad'],
  locked: ['M2.5 2.5h11v11h-11zM5 8h6', 'warn'],
  draining: ['M8 13.5 1.5 2.5h13z', 'stop'],
  attention: ['M8 2.5 14.5 13.5h-13zM8 7v3M8 11.8v.2', 'warn'],
};

/** A state: shape, colour and word, so that none of them is needed alone. */
export function Mark({ of, word }: { of: string; word?: string }) {
  const [path, colour, filled] = SHAPES[of] ?? SHAPES.unknown!;
  return (
    <span class={`mark c-${colour}`}>
      <svg
        viewBox="0 0 16 16"
        aria-hidden="true"
        fill={filled ? 'currentColor' : 'none'}
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      >
        <path d={path} />
      </svg>
      {word ?? of}
    </span>
  );
}

export function Bar({ part, big }: { part: number; big?: boolean }) {
  const percent = Math.round(Math.min(1, Math.max(0, part)) * 100);
  return (
    <span
      class={big ? 'bar big' : 'bar'}
      role="progressbar"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label="progress"
    >
      <i>
        <b ref={(bar) => bar?.style.setProperty('width', `${percent}%`)} />
      </i>
      <span>{percent} %</span>
    </span>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <b>{title}</b>
      {children}
    </div>
  );
}

export function Fault({ of: fault, again }: { of: unknown; again?: () => void }) {
  if (!fault) return null;
  const fix = fault instanceof Object && 'fix' in fault ? String(fault.fix) : '';
  return (
    <div class="note bad" role="alert">
      <span class="grow">
        <b>
          <Text>{fault instanceof Error ? fault.message : String(fault)}</Text>
        </b>
        {fix && <Text>{fix}</Text>}
      </span>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A dialog that keeps the focus, and gives it back. */
export function Dialog({
  title,
  close,
  children,
  kind,
}: {
  title: string;
  close: () => void;
  children: ComponentChildren;
  kind?: string;
}) {
  const own = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    own.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={own}
      class={kind}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === own.current) close();
      }}
    >
      {!kind && <h2>{title}</h2>}
      {children}
    </dialog>
  );
}

/** Asks before something is lost; the safe answer has the focus. */
export function Ask({
  title,
  loss,
  word,
  act,
  close,
}: {
  title: string;
  loss: string;
  word: string;
  act: () => void;
  close: () => void;
}) {
  const safe = useRef<HTMLButtonElement>(null);
  useEffect(() => safe.current?.focus(), []);
  return (
    <Dialog title={title} close={close}>
      <div class="stack">
        <p class="soft">{loss}</p>
        <div class="actions">
          <button type="button" ref={safe} onClick={close}>
            Keep
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              close();
              act();
            }}
          >
            {word}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** The heading of a view, which has the focus when one comes there. */
/** What is known of one thing, each with its name; what has no value is left out. */
export function Facts({
  of: facts,
  id,
  children,
}: {
  of: readonly (readonly [name: string, value: string | null | undefined])[];
  id: string;
  children?: ComponentChildren;
}) {
  return (
    <dl class="facts panel body-pad">
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Text>{value}</Text>
              </dd>
            </div>
          ),
      )}
      <div class="whole">
        <dt>Id</dt>
        <dd class="mono">{id}</dd>
      </div>
      {children}
    </dl>
  );
}

/** Chooses all rows of a table that are shown, or none. */
export const PickAll = ({ all, take }: { all: boolean; take: (all: boolean) => void }) => (
  <input
    type="checkbox"
    aria-label="Select all shown"
    checked={all}
    onChange={(event) => take(event.currentTarget.checked)}
  />
);

export function Title({ name, children }: { name: string; children?: ComponentChildren }) {
  const own = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${visible(name)} · Muster`;
    if (document.activeElement === document.body || document.activeElement?.closest('.side')) own.current?.focus();
  }, [name]);
  return (
    <div class="title">
      <h1 tabIndex={-1} ref={own}>
        <Text>{name}</Text>
      </h1>
      {children}
    </div>
  );
}

const THEMES = ['system', 'light', 'dark'] as const;
const dark = matchMedia('(prefers-color-scheme: dark)');

function dress(theme: string) {
  document.documentElement.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

dress(stored('theme', 'system'));
dark.addEventListener('change', () => dress(stored('theme', 'system')));

export function Theme() {
  const [theme, set] = useState(stored('theme', 'system'));
  const next = THEMES[(THEMES.indexOf(theme as (typeof THEMES)[number]) + 1) % THEMES.length]!;
  return (
    <button
      type="button"
      class="plain"
      aria-label={`Theme: ${theme}. Change to ${next}`}
      onClick={() => {
        store('theme', next);
        dress(next);
        set(next);
      }}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M8 2a6 6 0 1 0 0 12z" fill="currentColor" />
        <path d="M8 2a6 6 0 1 0 .01 0" fill="none" stroke="currentColor" stroke-width="1.5" />
      </svg>
      <span class="desk">{theme}</span>
    </button>
  );
}

const LINE = 20;
const SPARE = 20;

/** A log: only the lines in sight are drawn, so that a million scroll as ten do. It begins at its end, or does not. */
export function Log({ lines, name, ends = true }: { lines: readonly string[]; name: string; ends?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [follows, setFollows] = useState(ends);
  const [seen, setSeen] = useState(0);
  useEffect(() => {
    if (!box.current || !follows) return;
    box.current.scrollTop = box.current.scrollHeight;
    setSeen(lines.length);
  }, [lines.length, follows]);
  const first = Math.max(0, Math.floor(top / LINE) - SPARE);
  const shown = lines.slice(first, first + Math.ceil((box.current?.clientHeight ?? 600) / LINE) + 2 * SPARE);
  const scrolled = ({ currentTarget: at }: { currentTarget: HTMLDivElement }) => {
    setTop(at.scrollTop);
    const end = at.scrollTop + at.clientHeight >= at.scrollHeight - LINE;
    setFollows(end);
    if (end) setSeen(lines.length);
  };
  const news = lines.length - seen;
  return (
    <div class="relative">
      <div class="log" role="log" aria-live="off" aria-label={name} tabIndex={0} ref={box} onScroll={scrolled}>
        <ol ref={(list) => list?.style.setProperty('height', `${lines.length * LINE}px`)}>
          {shown.map((line, n) => (
            <li
              key={first + n}
              data-n={first + n + 1}
              class={/\b(error|fatal|traceback)\b/i.test(line) ? 'error' : /\bwarn(ing)?\b/i.test(line) ? 'warn' : ''}
              ref={(item) => item?.style.setProperty('top', `${(first + n) * LINE}px`)}
            >
              {visible(line)}
            </li>
          ))}
        </ol>
      </div>
      {!follows && (
        <button type="button" class="more" onClick={() => setFollows(true)}>
          {news > 0 ? `${news} new ${news === 1 ? 'line' : 'lines'} ↓` : 'Follow ↓'}
        </button>
      )}
    </div>
  );
}

export interface Toast {
  readonly text: string;
  readonly undo?: () => void;
}
let tell: (toast: Toast) => void = () => {};

/** Says what was done, for 10 s, and how to take it back. */
export const say = (text: string, undo?: () => void) => tell({ text, undo });

export function Toasts() {
  const [toast, set] = useState<Toast | null>(null);
  useEffect(() => {
    let timer = 0;
    tell = (next) => {
      set(next);
      clearTimeout(timer);
      timer = setTimeout(() => set(null), 10_000);
    };
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="toasts" role="status">
      {toast && (
        <div class="toast">
          <span>{toast.text}</span>
          {toast.undo && (
            <button
              type="button"
              onClick={() => {
                toast.undo!();
                set(null);
              }}
            >
              Undo
            </button>
          )}
          <button type="button" aria-label="Dismiss" onClick={() => set(null)}>
            ✕
          </button>
        </div>
      )}
    </div>
  );
}
