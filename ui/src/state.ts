/** What the page shows now. One view (the address bar's), and what the server has told once. */
import { batch, computed, signal } from '@preact/signals';
import { api, ApiError, type Dashboard, type Failure, type Session, type Tab } from './api';
import { lastText, type Range } from './time';
import { metricField, schema } from './units';
import { read, slug, write, type View } from './url';

export const view = signal<View>(read(location.search));

/** Change the view. A step that one may want to go back from is pushed, others replace it. */
export function go(patch: Partial<View>, how: 'push' | 'replace' = 'push'): void {
  const next = { ...view.value, ...patch };
  const address = location.pathname + write(next);
  if (address !== location.pathname + location.search) {
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  view.value = next;
}
addEventListener('popstate', () => {
  view.value = read(location.search);
});

export const session = signal<Session | null>(null);
export const dashboards = signal<{ name: string; title: string }[]>([]);
export const dashboard = signal<Dashboard | null>(null);
/** Why nothing can be shown: the dashboard itself could not be read. */
export const failure = signal<Failure | null>(null);

/** Pages that are no tab of a dashboard. */
export const pages = ['messages', 'agents', 'health'] as const;
export type Page = 'dashboard' | (typeof pages)[number];

export const page = computed<Page>(() => {
  const name = view.value.tab;
  return (pages as readonly string[]).includes(name) ? (name as Page) : 'dashboard';
});
export const tabs = computed<Tab[]>(() => dashboard.value?.tabs ?? []);
/** The dashboard's tab on show; the first one when the address names none that exists. */
export const tab = computed<Tab | null>(
  () => tabs.value.find((t) => slug(t.title) === view.value.tab) ?? tabs.value[0] ?? null,
);
export const usualSeconds = computed(() => dashboard.value?.timerange ?? 86400);
/** Set when the data are an old capture: the time that is shown when the address says none. */
export const sampleRange = signal<Range | null>(null);
/** One object for as long as it says the same: who depends on it is not run for nothing. */
const usualRange = computed<Range>(() => ({ last: lastText(usualSeconds.value) }));
export const range = computed<Range>(() => view.value.range ?? sampleRange.value ?? usualRange.value);
export const query = computed(() => view.value.query);
/** Messages of the dashboard's stream alone; all streams when it has none. */
export const stream = computed(() => dashboard.value?.stream);

/** The field by which the dashboard counts agents. */
export const agentField = computed<string | null>(() => {
  const metrics = tabs.value.flatMap((t) => t.widgets.map((w) => w.metric));
  return metricField(metrics.find((m) => m.startsWith('card(')) ?? '');
});

export const needsLogin = computed(
  () => session.value !== null && session.value.login_required && session.value.user === null,
);

const reason = (e: unknown): Failure =>
  e instanceof ApiError ? e.failure : { text: e instanceof Error ? e.message : String(e) };
export { reason as failureOf };

type Boards = Awaited<ReturnType<typeof api.dashboards>>;
async function readDashboard(asked: Promise<Boards> = api.dashboards()): Promise<void> {
  const list = await asked;
  const wanted = list.find((d) => d.name === view.value.dashboard) ?? list[0];
  const board = wanted ? await api.dashboard(wanted.name) : null;
  batch(() => {
    dashboards.value = list;
    dashboard.value = board;
    failure.value = board
      ? null
      : { text: 'No dashboard is installed. A pack brings one: see pack.enabled in the configuration.' };
  });
}
async function readSchema(): Promise<void> {
  const { fields } = await api.fields();
  schema.value = new Map(fields.map((f) => [f.name, f]));
}

/** Ask for what does not change: who we are, the dashboard, the schema. Failures are shown. */
export async function boot(): Promise<void> {
  failure.value = null;
  const boards = api.dashboards();
  boards.catch(() => {});
  try {
    session.value = await api.session();
    if (needsLogin.value) return;
    readSchema().catch(() => {});
    await readDashboard(boards);
  } catch (e) {
    failure.value = reason(e);
  }
}
export async function chooseDashboard(name: string): Promise<void> {
  go({ dashboard: name, tab: '', focus: '' });
  await readDashboard().catch((e) => (failure.value = reason(e)));
}

/** Refreshes are counted; whoever shows data asks again when the count moves. */
export const refreshes = signal(0);
export const refreshNow = (): void => {
  refreshes.value++;
};
