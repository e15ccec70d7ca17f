import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { get } from './api';
import { bytes, count, plural, visible } from './format';
import { Dialog, Empty, Fault, Log, Text } from './parts';
import { session } from './session';
import { Later, Views, viewerOf } from './views';
import { type Read, parts } from './zip';

interface Files {
  folder?: string;
  files: { path: string; bytes: number; picture: boolean }[];
  more: boolean;
}

const AT_FIRST = 24;
const READ = 256 * 1024;

/** Where files are read from. */
export interface Source {
  /** Another one is another source. */
  readonly key: string;
  list(): Promise<Files>;
  content(path: string, signal: AbortSignal): Promise<Response>;
  /** A file that is read in places. */
  open(path: string): Promise<Read>;
}

/** Files that a server of ours lists below a path. */
export const listed = (at: string, turn = ''): Source => ({
  key: `${at} ${turn}`,
  list: () => get<Files>(`${at}/files`),
  content: (path, signal) =>
    fetch(`api/v1${at}/files/${pathOf(path)}`, {
      headers: session.headers,
      signal,
    }),
  open: (path) =>
    parts(
      () => `api/v1${at}/files/${pathOf(path)}`,
      () => session.headers,
    ),
});

/**
 * What lies in a folder of results, or in an archive: pictures, and files as text where they are text.
 * @param save Saves one file, where that can be done.
 */
export function Results({
  from,
  none,
  save,
}: {
  from: Source;
  none: ComponentChildren;
  save?: (path: string) => void;
}) {
  const [found, set] = useState<Files | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [most, setMost] = useState(AT_FIRST);
  const [open, setOpen] = useState('');
  useEffect(() => {
    let gone = false;
    from.list().then(
      (files) => !gone && set(files),
      (refused) => !gone && setFault(refused),
    );
    return () => void (gone = true);
  }, [from.key]);
  if (!found) return <Fault of={fault} />;
  if (found.files.length === 0) return none;
  const pictures = found.files.filter((file) => file.picture);
  const one = found.files.find((file) => file.path === open);
  return (
    <div class="body stack">
      <p class="soft">
        {plural(found.files.length, 'file')}
        {found.more && ', and more'}
        {found.folder && (
          <>
            {' '}
            in <span class="mono">{visible(found.folder)}</span>
          </>
        )}
      </p>
      <Views files={found.files} open={setOpen} />
      {pictures.length > 0 && (
        <ul class="pictures">
          {pictures.slice(0, most).map((file) => (
            <li key={file.path}>
              <button type="button" class="plain" onClick={() => setOpen(file.path)}>
                <Picture from={from} path={file.path} />
                <span class="clip">
                  <Text>{file.path}</Text>
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {pictures.length > most && (
        <button type="button" onClick={() => setMost(most + 4 * AT_FIRST)}>
          Show more of {plural(pictures.length, 'picture')}
        </button>
      )}
      <ul class="files">
        {found.files.slice(0, 500).map((file) => (
          <li key={file.path} class="row">
            <button type="button" class="plain grow clip" onClick={() => setOpen(file.path)}>
              <Text>{file.path}</Text>
            </button>
            <span class="num faint">{bytes(file.bytes)}</span>
          </li>
        ))}
        {found.files.length > 500 && <li class="faint">and {count(found.files.length - 500)} more</li>}
      </ul>
      {one && (
        <Dialog title={visible(one.path)} kind="look" close={() => setOpen('')}>
          <div class="row">
            <h2 class="grow clip">
              <Text>{one.path}</Text>
            </h2>
            {save && (
              <button type="button" onClick={() => save(one.path)}>
                Download
              </button>
            )}
            <button type="button" onClick={() => setOpen('')}>
              Close
            </button>
          </div>
          <Shown from={from} file={one} />
        </Dialog>
      )}
    </div>
  );
}

function Shown({ from, file: { path, picture } }: { from: Source; file: Files['files'][number] }) {
  const viewer = viewerOf(path);
  if (viewer) return <Later viewer={viewer} from={from} path={path} />;
  return picture ? <Picture from={from} path={path} /> : <Words from={from} path={path} />;
}

export const pathOf = (path: string) => path.split('/').map(encodeURIComponent).join('/');

export const Picture = ({ from, path }: { from: Source; path: string }) => (
  <Drawn by={`${from.key} ${path}`} load={(signal) => from.content(path, signal)} name={path} />
);

/**
 * Always by an address of its own, in which no script of an SVG runs.
 * @param by Anew, it is loaded anew.
 */
export function Drawn({
  by,
  load,
  name,
}: {
  by: string;
  load: (signal: AbortSignal) => Promise<Response>;
  name: string;
}) {
  const [url, set] = useState('');
  const [fault, setFault] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    let made = '';
    void load(stop.signal)
      .then(async (answer) => {
        if (!answer.ok) throw new Error(((await answer.json()) as { error?: string }).error);
        return answer.blob();
      })
      .then(
        (blob) => set((made = URL.createObjectURL(blob))),
        (broken: Error) => stop.signal.aborted || setFault(broken.message || 'It cannot be shown'),
      );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [by]);
  if (fault)
    return (
      <span class="bone words faint">
        <Text>{fault}</Text>
      </span>
    );
  return url ? <img src={url} alt={visible(name)} /> : <span class="bone" />;
}

/** The beginning of a file as text, where it is text. */
function Words({ from, path }: { from: Source; path: string }) {
  const [text, set] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      const pieces = (await from.content(path, stop.signal)).body!.getReader();
      const parts: BlobPart[] = [];
      for (let size = 0; size < READ; ) {
        // oxlint-disable-next-line no-await-in-loop
        const { done, value } = await pieces.read();
        if (done) break;
        parts.push(value);
        size += value.length;
      }
      set(await new Blob(parts).slice(0, READ).text());
      stop.abort();
    })().catch((broken: unknown) => stop.signal.aborted || setFault(broken));
    return () => stop.abort();
  }, [from.key, path]);
  const lines = useMemo(() => text?.split('\n') ?? [], [text]);
  if (fault) return <Fault of={fault} />;
  if (text === null) return <span class="bone" />;
  return text.includes('\0') ? (
    <Empty title="This file is not text">
      <span>Download it to open it with a program of yours.</span>
    </Empty>
  ) : (
    <Log lines={lines} name={visible(path)} ends={false} />
  );
}
