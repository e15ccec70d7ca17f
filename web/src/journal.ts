import { store, stored } from './store';
import type { Wish } from './upload';

/** An upload under way, kept by the browser: it outlives a reload, a crash, and the browser itself. */
export interface Journal {
  readonly id: string;
  readonly wish: Wish;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}
/** A file that the server has. */
export interface There {
  readonly name: string;
  readonly bytes: number;
}

const KEY = 'upload';

export function keep(journal: Journal | null): void {
  store(KEY, journal ? JSON.stringify(journal) : '');
}

export function kept(): Journal | null {
  try {
    return JSON.parse(stored(KEY) || 'null') as Journal | null;
  } catch {
    return null;
  }
}

/** The second of two files of one name is `photo_.jpg` on the server. */
const plain = (name: string) => name.replace(/_+(?=\.[^.]*$|$)/, '');
const key = (name: string, bytes: number) => `${bytes}/${plain(name)}`;

/** What is still to be sent of the files that were chosen again, and whose names are missing among them. */
export function rest(
  journal: Journal,
  there: readonly There[],
  chosen: readonly File[],
): { send: File[]; missing: string[] } {
  const have = new Map<string, number>();
  for (const file of there) have.set(key(file.name, file.bytes), (have.get(key(file.name, file.bytes)) ?? 0) + 1);
  const at = new Map<string, File[]>();
  for (const file of chosen) at.set(key(file.name, file.size), [...(at.get(key(file.name, file.size)) ?? []), file]);
  const send: File[] = [];
  const missing: string[] = [];
  for (const file of journal.files) {
    const like = key(file.name, file.bytes);
    const left = have.get(like) ?? 0;
    const found = at.get(like)?.shift();
    if (left > 0) have.set(like, left - 1);
    else if (found) send.push(found);
    else missing.push(file.name);
  }
  return { send, missing };
}

const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('muster-upload');

/** As long as it is held, other windows leave the upload alone. */
export function hold(): () => void {
  const answer = (event: MessageEvent) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
    if (event.data === 'whose?') channel?.postMessage('mine');
  };
  channel?.addEventListener('message', answer);
  return () => channel?.removeEventListener('message', answer);
}

/** Whether another window is at it. */
export function isHeld(): Promise<boolean> {
  return new Promise((told) => {
    const heard = (event: MessageEvent) => {
      if (event.data === 'mine') done(true);
    };
    const done = (held: boolean) => {
      channel?.removeEventListener('message', heard);
      told(held);
    };
    channel?.addEventListener('message', heard);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
    channel?.postMessage('whose?');
    setTimeout(() => done(false), channel ? 1000 : 0);
  });
}
