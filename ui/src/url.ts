/** The address bar holds the whole view: it can be kept, shared, and gone back from. */
import { lastSeconds, type Range } from './time';

export type Theme = 'auto' | 'light' | 'dark';

export interface View {
  /** A tab's slug, or messages, agents, health. Empty: the first tab. */
  tab: string;
  dashboard: string;
  /** null: the range that the dashboard says. */
  range: Range | null;
  query: string;
  theme: Theme;
  /** live, off, or a relative time. */
  refresh: string;
  /** Slug of the widget that fills the page. */
  focus: string;
  /** Other ways to look at widgets, as "slug:choice" (lens.ts). */
  lens: string[];
  message: string;
  columns: string[];
  sort: { field: string; order: 'asc' | 'desc' };
}

export const newestFirst = { field: 'timestamp', order: 'desc' } as const;
export const start: View = {
  tab: '',
  dashboard: '',
  range: null,
  query: '',
  theme: 'auto',
  refresh: 'live',
  focus: '',
  lens: [],
  message: '',
  columns: [],
  sort: newestFirst,
};

/** "Packetbeat HTTP Overview" -> "packetbeat-http-overview". */
export const slug = (title: string): string =>
  title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');

function readTime(text: string | null): number | null {
  if (!text) return null;
  const t = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(t) ? t : null;
}
function readRange(p: URLSearchParams): Range | null {
  const [from, to, last] = [readTime(p.get('from')), readTime(p.get('to')), p.get('range')];
  if (from !== null && to !== null && from < to) return { from, to };
  return last && lastSeconds(last) !== null ? { last } : null;
}
function readSort(text: string | null): View['sort'] {
  const hit = /^(-?)(.+)$/.exec(text ?? '');
  return hit ? { field: hit[2]!, order: hit[1] ? 'desc' : 'asc' } : newestFirst;
}

/** What does not hold in an address is as if it were not there. */
export function read(search: string): View {
  const p = new URLSearchParams(search);
  const theme = p.get('theme');
  const refresh = p.get('refresh') ?? '';
  return {
    tab: p.get('tab') ?? '',
    dashboard: p.get('dashboard') ?? '',
    range: readRange(p),
    query: p.get('q') ?? '',
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    refresh: refresh === 'off' || lastSeconds(refresh) !== null ? refresh : start.refresh,
    focus: p.get('focus') ?? '',
    lens: (p.get('lens') ?? '').split(',').filter(Boolean),
    message: p.get('message') ?? '',
    columns: (p.get('columns') ?? '').split(',').filter(Boolean),
    sort: readSort(p.get('sort')),
  };
}

/** The shortest address of a view: what is as at the start is left out. */
export function write(v: View): string {
  const p = new URLSearchParams();
  const put = (name: string, text: string, usual: string): void => {
    if (text !== usual) p.set(name, text);
  };
  put('dashboard', v.dashboard, '');
  put('tab', v.tab, '');
  if (v.range && 'last' in v.range) p.set('range', v.range.last);
  if (v.range && 'from' in v.range) {
    p.set('from', new Date(v.range.from).toISOString());
    p.set('to', new Date(v.range.to).toISOString());
  }
  put('q', v.query, '');
  put('refresh', v.refresh, start.refresh);
  put('theme', v.theme, 'auto');
  put('focus', v.focus, '');
  put('lens', v.lens.join(','), '');
  put('columns', v.columns.join(','), '');
  put('sort', (v.sort.order === 'desc' ? '-' : '') + v.sort.field, '-timestamp');
  put('message', v.message, '');
  const text = p.toString();
  return text ? '?' + text : '';
}
