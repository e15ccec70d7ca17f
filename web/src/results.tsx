import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { get } from './api';
import { bytes, count, plural, visible } from './format';
import { Dialog, Empty, Fault, Log, Text } from './parts';
import { session } from './session';

interface Files {
  folder?: string;
  files: { path: string; bytes: number; picture: boolean }[];
  more: boolean;
}

const AT_FIRST = 24;
const READ = 256 * 1024;

/**
 * What lies in a folder of results, or in an archive: pictures, and files as text where they are text.
 * @param at Where the server has them.
 * @param turn Anew, they are read anew.
 */
export function Results({
  at,
  turn,
  none,
  save,
}: {
  at: string;
  turn?: string;
  none: ComponentChildren;
  save?: (path: string) => void;
}) {
  const [found, set] = useState<Files | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [most, setMost] = useState(AT_FIRST);
  const [open, setOpen] = useState('');
  useEffect(() => {
    let gone = false;
    get<Files>(`${at}/files`).then(
      (files) => !gone && set(files),
      (refused) => !gone && setFault(refused),
    );
    return () => void (gone = true);
  }, [at, turn]);
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
      {pictures.length > 0 && (
        <ul class="pictures">
          {pictures.slice(0, most).map((file) => (
            <li key={file.path}>
              <button type="button" class="plain" onClick={() => setOpen(file.path)}>
                <Picture at={at} path={file.path} />
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
              <button type="button" onClick={() => save(`${at}/files/${pathOf(one.path)}`)}>
                Download
              </button>
            )}
            <button type="button" onClick={() => setOpen('')}>
              Close
            </button>
          </div>
          {one.picture ? <Picture at={at} path={one.path} /> : <Words at={at} path={one.path} />}
        </Dialog>
      )}
    </div>
  );
}

const pathOf = (path: string) => path.split('/').map(encodeURIComponent).join('/');

const contentOf = (at: string, path: string, signal: AbortSignal) =>
  fetch(`api/v1${at}/files/${pathOf(path)}`, {
    headers: session.headers,
    signal,
  });

/** Always by an address of its own, in which no script of an SVG runs. */
function Picture({ at, path }: { at: string; path: string }) {
  const [url, set] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    let made = '';
    void contentOf(at, path, stop.signal)
      .then((answer) => answer.blob())
      .then(
        (blob) => set((made = URL.createObjectURL(blob))),
        () => {},
      );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [at, path]);
  return url ? <img src={url} alt={visible(path)} /> : <span class="bone" />;
}

/** The beginning of a file as text, where it is text. */
function Words({ at, path }: { at: string; path: string }) {
  const [text, set] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      const pieces = (await contentOf(at, path, stop.signal)).body!.getReader();
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
    })().catch(() => {});
    return () => stop.abort();
  }, [at, path]);
  const lines = useMemo(() => text?.split('\n') ?? [], [text]);
  if (text === null) return <span class="bone" />;
  return text.includes('\0') ? (
    <Empty title="This file is not text">
      <span>Download it to open it with a program of yours.</span>
    </Empty>
  ) : (
    <Log lines={lines} name={visible(path)} ends={false} />
  );
}
