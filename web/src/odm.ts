import { store, stored } from './store';
import { Denied } from './upload';

export interface Info {
  version: string;
  taskQueueCount: number;
  maxImages: number | null;
  maxParallelTasks: number;
  engine: string;
  engineVersion: string;
}

export interface TaskInfo {
  uuid: string;
  name: string;
  dateCreated: number;
  processingTime: number;
  status: { code: number; errorMessage?: string };
  imagesCount: number;
  progress: number;
}

/** How often what is known is asked for again, in milliseconds. */
export const EVERY = 2000;
export const WORDS: Record<number, string> = {
  10: 'queued',
  20: 'running',
  30: 'failed',
  40: 'completed',
  50: 'cancelled',
};

let token = new URLSearchParams(location.search).get('token') ?? '';
if (token)
  history.replaceState(null, '', location.pathname + location.hash); // it does not stay in the address
else token = sessionStorage.getItem('muster-token') ?? stored('token');
if (token) sessionStorage.setItem('muster-token', token);

export const heldToken = () => token;

/** From now on, in this window, and where `stay` says so on this computer. */
export function enter(text: string, stay: boolean): void {
  token = text.trim();
  sessionStorage.setItem('muster-token', token);
  if (stay) store('token', token);
}

export function leave(): void {
  token = '';
  sessionStorage.removeItem('muster-token');
  store('token', '');
}

export const at = (path: string, query: Record<string, string> = {}) => {
  const text = new URLSearchParams(token ? { ...query, token } : query).toString();
  return text ? `${path}?${text}` : path;
};

export async function ask<T>(path: string, query?: Record<string, string>, form?: Record<string, string>): Promise<T> {
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
