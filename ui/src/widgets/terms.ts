/** What the widgets over the values of one field share: bars, pies, tables. */
import type { TermsAnswer, Widget } from '../api';
import type { Sheet } from '../sheet';
import { metricUnit } from '../units';
import { limitOf, metricName } from './kind';

export const fieldOf = (w: Widget): string => w.rows?.field ?? '';

export const termsAsk = (w: Widget) => ({
  kind: 'terms',
  field: fieldOf(w),
  metric: w.metric,
  limit: limitOf(w),
  ...(w.networks ? { networks: { ipv4: 24, ipv6: 64 } } : {}),
  order: /^asc/i.test(w.direction ?? '') ? ('asc' as const) : ('desc' as const),
});
export const termsEmpty = (a: TermsAnswer): boolean => a.rows.length === 0;

/** Whether a share of the whole says something: only what is added up has one. */
export const addsUp = (w: Widget): boolean => /^(count|sum)\(/.test(w.metric);
export const wholeOf = (a: TermsAnswer): number =>
  a.rows.reduce((sum, r) => sum + (r.value ?? 0), 0) + (a.other ?? 0);

export function termsSheet(w: Widget, a: TermsAnswer): Sheet {
  return {
    columns: [{ title: fieldOf(w) }, { title: metricName(w), numeric: true, unit: metricUnit(w.metric) }],
    rows: [...a.rows.map((r) => [r.key, r.value]), ...(a.other ? [['(others)', a.other]] : [])],
  };
}
export function termsNote(a: TermsAnswer): string {
  return a.distinct > a.rows.length ? `${a.rows.length} of ${a.distinct} values` : '';
}
