/** The admin API, as docs/gateway.md tells it. */

import { session } from './session';

export interface Health {
  version: string;
  ready: boolean;
  started: string;
  tasks_known: number;
  tasks_live: number;
  tasks_waiting: number;
  nodes: number;
  nodes_online: number;
  slots: number;
  slots_held: number;
  spool_bytes: number;
  open: boolean;
  fault?: string;
}
export interface NodeEntry {
  id: string;
  name: string;
  url: string;
  state: 'online' | 'offline' | 'unknown';
  locked: boolean;
  draining: boolean;
  embedded: boolean;
  tasks: number;
  foreign: number;
  engine?: string;
  engine_version?: string;
  api_version?: string;
  slots?: number;
  max_images?: number;
  cores?: number;
  total_memory?: number;
  available_memory?: number;
  answered_at?: string;
  latency_ms?: number;
  fault?: string;
}
export interface TaskEntry {
  id: string;
  name: string;
  owner: string;
  owner_name?: string;
  state: string;
  phase: string;
  created: string;
  images: number;
  files: number;
  bytes: number;
  progress: number;
  lines: number;
  attempts: number;
  node?: string;
  parent?: string;
  processing_time?: number;
  ended?: string;
  error?: string;
  result_bytes?: number;
}
export interface TaskPage {
  tasks: TaskEntry[];
  after?: string;
  total?: number;
  states?: Record<string, number>;
}
export interface QueueEntry {
  position: number;
  id: string;
  name: string;
  owner: string;
  images: number;
  since: string;
  why: string;
}
export interface GatewayEvent {
  number: number;
  at: string;
  kind: string;
  text: string;
  task?: string;
  node?: string;
}
export interface Span {
  phase: string;
  node?: string;
  from: string;
  to?: string;
}
export interface TokenEntry {
  id: string;
  name: string;
  created: string;
  fixed: boolean;
  expires?: string;
  max_images?: number;
  max_concurrent_tasks?: number;
}
export interface Machine {
  id: string;
  name: string;
  site: string;
  state: string;
  why: string;
  node: string;
  slots: number;
  since: string;
  price?: number;
  cost?: number;
  ends?: string;
  gone?: string;
}
export interface MachineList {
  machines: Machine[];
  pools: { site: string; max: number; min: number; ready: number; coming: number; resting_why?: string }[];
  spent: { hour: number; day: number; month: number; hour_budget?: number; day_budget?: number; month_budget?: number };
}
export interface Trial {
  answers: boolean;
  known?: string;
  latency_ms?: number;
  engine?: string;
  engine_version?: string;
  slots?: number;
  max_images?: number;
  fault?: string;
}

/** What the server refused, and how to mend it. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly fix: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export async function call<T>(method: string, path: string, body?: object): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`api/v1${path}`, {
      method,
      headers: { ...session.headers, ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : null,
    });
  } catch {
    throw new Refusal('The gateway does not answer', 'It is asked again by itself; check that it runs.', 0);
  }
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    if (answer.status === 401 && path !== '/session') session.over();
    const { error, fix } = (said ?? {}) as { error?: string; fix?: string };
    throw new Refusal(error ?? `The gateway answered ${answer.status}`, fix ?? '', answer.status);
  }
  return said as T;
}

export const get = <T>(path: string) => call<T>('GET', path);

/** The state that a task is shown with: its phase while it is on its way. */
export const stateOf = (task: TaskEntry) => (task.state === 'running' ? task.phase : task.state);
export const nodeState = (node: NodeEntry) =>
  node.state !== 'online' ? node.state : node.draining ? 'draining' : node.locked ? 'locked' : 'online';
