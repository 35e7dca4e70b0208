/** The one door to the server: what is asked, what is answered, and how an error is told. */

export type Value = string | number | boolean;
export type Metric = string;

export interface Span {
  range?: number;
  from?: number | string;
  to?: number | string;
}
export interface Ask {
  id: string;
  kind: string;
  query?: string;
  metric?: Metric;
  field?: string;
  fields?: string[];
  limit?: number;
  order?: 'asc' | 'desc';
  previous?: boolean;
  interval?: 'auto' | number;
  buckets?: number;
  split?: { field: string; limit: number };
  sort?: { field: string; order: 'asc' | 'desc' };
  after?: string;
  prefix?: string;
  networks?: { ipv4: number; ipv6: number };
  message_id?: string;
}
export interface Failure {
  text: string;
  line?: number;
  column?: number;
}
export interface ValueAnswer {
  value: number | null;
  previous?: number | null;
}
export interface Series {
  key: Value | null;
  values: (number | null)[];
}
export interface HistogramAnswer {
  interval_s: number;
  times: number[];
  series: Series[];
  other?: { values: (number | null)[] };
}
export interface Row {
  key: Value;
  value: number | null;
}
export interface TermsAnswer {
  rows: Row[];
  other: number | null;
  distinct: number;
  missing: number;
}
export interface PairsAnswer {
  rows: { keys: Value[]; value: number }[];
}
export type Message = Record<string, unknown>;
export interface MessagesAnswer {
  total: number;
  rows: { id: string; index: string; message: Message }[];
  next: string | null;
}
export interface Field {
  name: string;
  kind: string;
  count?: number;
  unit?: string | null;
  help?: string;
}
export interface FieldsAnswer {
  fields: Field[];
  sampled?: boolean;
}
export type Answered<A> = A & { error?: Failure };
export interface QueryAnswer {
  from: number;
  to: number;
  took_ms: number;
  answers: Record<string, Answered<Record<string, unknown>>>;
}

export interface Widget {
  title: string;
  visualization: string;
  metric: Metric;
  position: [number, number, number, number];
  rows?: { time?: 'auto' | number; field?: string; fields?: string[]; limit?: number };
  columns?: { field: string; limit?: number };
  query?: string;
  /** Fields that may take the place of that of the rows. */
  instead?: string[];
  /** Addresses count as their network; no dashboard says so, somebody has chosen it. */
  networks?: boolean;
  /** Codes of answers count as their class: 2xx. */
  classes?: boolean;
  trend?: string;
  name?: string;
  direction?: string;
  barmode?: string;
}
export interface Tab {
  title: string;
  widgets: Widget[];
}
export interface Dashboard {
  title: string;
  summary?: string;
  description?: string;
  stream?: string;
  timerange?: number;
  tabs: Tab[];
}
export interface Agent {
  id: string;
  name: string;
  version: string;
  first_seen: number;
  last_seen: number;
  messages_last_minute: number;
  rate: number;
  drops: number | null;
}
export interface Health {
  version: string;
  uptime_s: number;
  /** The most that the process has used so far. */
  memory_bytes?: number;
  counters: Record<string, number>;
  meanings?: Record<string, string>;
  queues: { name: string; used: number; size: number }[];
  disk?: { path: string; free_bytes: number; size_bytes?: number; used_bytes: number };
  inputs?: { name: string; address: string; port: number; tls: boolean }[];
  journal?: { bytes: number; size?: number; unsealed_records: number };
  sample?: boolean;
  notes: string[];
  history: { t: number; received: number; stored: number; dropped: number }[];
}
export interface Session {
  login_required: boolean;
  user: string | null;
  role: string | null;
  csrf: string | null;
}
export interface Tick {
  t: number;
  received: number;
  stored: number;
  dropped: number;
  latest: number | null;
}
export interface OneMessage {
  message: Message;
  index: string;
  rules?: Record<string, string[]>;
  rules_possible?: Record<string, string[]>;
}

/** An answer that is no success: status 0 when the server was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly failure: Failure,
  ) {
    super(failure.text);
  }
}

/** Relative, so that the dashboard also works below a path of a reverse proxy. */
const base = 'api/v1/';
let csrf: string | null = null;
let onUnauthorized = (): void => {};

/** What to do when the server wants a login (again). */
export const whenUnauthorized = (f: () => void): void => {
  onUnauthorized = f;
};

async function failureOf(response: Response): Promise<ApiError> {
  const fallback = { text: `the server answers ${response.status} ${response.statusText}`.trim() };
  const body = (await response.json().catch(() => null)) as { error?: Failure } | null;
  return new ApiError(response.status, body?.error?.text ? body.error : fallback);
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = {
    Accept: 'application/json',
    ...(init.body ? { 'Content-Type': 'application/json' } : {}),
    ...(csrf && init.method ? { 'X-CSRF-Token': csrf } : {}),
  };
  let response: Response;
  try {
    response = await fetch(base + path, { credentials: 'same-origin', ...init, headers });
  } catch (e) {
    if ((e as Error).name === 'AbortError') throw e;
    throw new ApiError(0, { text: 'The server cannot be reached. Is wirelume running?' });
  }
  if (response.ok) return (await response.json()) as T;
  if (response.status === 401 && path !== 'session') onUnauthorized();
  throw await failureOf(response);
}

const post = <T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> =>
  call<T>(path, { method: 'POST', body: JSON.stringify(body), signal });

async function sessionCall(init?: RequestInit): Promise<Session> {
  const session = await call<Session>('session', init);
  csrf = session.csrf;
  return session;
}

export const api = {
  dashboards: () => call<{ name: string; title: string; summary: string }[]>('dashboards'),
  dashboard: (name: string) => call<Dashboard>(`dashboards/${encodeURIComponent(name)}`),
  fields: () => call<{ fields: Field[] }>('fields'),
  agents: () => call<{ agents: Agent[] }>('agents'),
  health: () => call<Health>('health'),
  message: (id: string) => call<OneMessage>(`messages/${encodeURIComponent(id)}`),
  query: (body: unknown, signal?: AbortSignal) => post<QueryAnswer>('query', body, signal),
  session: () => sessionCall(),
  removeSample: () => call<{ removed: number }>('sample', { method: 'DELETE' }),
  login: (user: string, password: string) =>
    sessionCall({ method: 'POST', body: JSON.stringify({ user, password }) }),
  logout: () => sessionCall({ method: 'DELETE' }),
  live: () => new EventSource(base + 'live'),
};
