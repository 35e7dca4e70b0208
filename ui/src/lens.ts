/** Other ways to look at a widget: by networks, or who runs them, instead of addresses; by bytes instead of messages. */
import { computed } from '@preact/signals';
import type { Tab, TermsAnswer, Widget } from './api';
import { hasCodes } from './classes';
import { go, view } from './state';
import { metricUnit, shown } from './units';
import { slug } from './url';

export type Part = 'rows' | 'metric';
export interface Choice {
  part: Part;
  /** As it stands in the address; empty: as the dashboard says. */
  name: string;
  text: string;
  /** Who needs messages with this field. */
  field?: string;
}

/** All that is chosen, as text: who depends on it is not run when other parts of the view change. */
export const lenses = computed(() => view.value.lens.join(','));
const chosen = computed(() => lenses.value.split(',').filter(Boolean));

const networks = 'networks';
const classes = 'classes';
const address = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)(\/\d+)?$/i;
const isBytes = (metric: string): boolean => metric.startsWith('sum(') && metricUnit(metric) === 'bytes';
const hasBars = (w: Widget): boolean => w.visualization === 'bar' || w.visualization === 'pie' || w.visualization === 'area';

/** The sum of bytes that goes with a count: of the same messages, else the first of the tab. */
function bytesFor(widget: Widget, tab: Tab): Widget | undefined {
  const sums = tab.widgets.filter((w) => isBytes(w.metric));
  return sums.find((w) => w.query === widget.query) ?? sums[0];
}
function metricChoices(widget: Widget, tab: Tab): Choice[] {
  const [bytes, messages] = [{ part: 'metric' as const, text: 'Bytes' }, { part: 'metric' as const, text: 'Messages' }];
  if (!hasBars(widget)) return [];
  if (isBytes(widget.metric)) return [{ ...bytes, name: '' }, { ...messages, name: 'messages' }];
  if (widget.metric !== 'count()' || !bytesFor(widget, tab)) return [];
  return [{ ...messages, name: '' }, { ...bytes, name: 'bytes' }];
}

/** "source_as_organization" as words. */
const words = (field: string): string => field.replace(/_/g, ' ').replace(/^./, (c) => c.toUpperCase());
function rowChoices(widget: Widget, answer: Partial<TermsAnswer> | undefined): Choice[] {
  const part = 'rows' as const;
  if (hasCodes(widget.columns?.field ?? ''))
    return [{ part, name: '', text: 'Codes' }, { part, name: classes, text: 'Classes (2xx, 4xx)' }];
  const chosen = chosenOf(widget, part) !== '';
  const addresses = chosen || answer?.rows?.some((r) => address.test(String(r.key)));
  const own: Choice = { part, name: '', text: addresses ? 'Hosts' : shown(widget.rows?.field) };
  const nets: Choice[] = addresses ? [{ part, name: networks, text: 'Networks (/24, IPv6 /64)' }] : [];
  const others = (widget.instead ?? []).map((field) => ({ part, name: field, text: words(field), field }));
  return nets.length + others.length > 0 && widget.rows?.field ? [own, ...nets, ...others] : [];
}
/** All ways to look at this widget of the dashboard; `answer` is what it shows. */
export const choicesOf = (widget: Widget, tab: Tab, answer: Partial<TermsAnswer> | undefined): Choice[] => [
  ...rowChoices(widget, answer),
  ...metricChoices(widget, tab),
];

const isMetric = (name: string): boolean => name === 'bytes' || name === 'messages';
/** What is chosen of a part; empty: as the dashboard says. */
export function chosenOf(widget: Widget, part: Part): string {
  const own = `${slug(widget.title)}:`;
  const names = chosen.value.filter((l) => l.startsWith(own)).map((l) => l.slice(own.length));
  return names.find((n) => isMetric(n) === (part === 'metric')) ?? '';
}
export function choose(widget: Widget, choice: Choice): void {
  const own = `${slug(widget.title)}:`;
  const before = own + chosenOf(widget, choice.part);
  const rest = chosen.value.filter((l) => l !== before);
  go({ lens: choice.name ? [...rest, own + choice.name] : rest }, 'replace');
}

function withRows(widget: Widget): Widget {
  const name = chosenOf(widget, 'rows');
  if (name === classes) return { ...widget, classes: true };
  if (!widget.rows?.field || !name) return widget;
  if (name === networks) return { ...widget, networks: true };
  return widget.instead?.includes(name) ? { ...widget, rows: { ...widget.rows, field: name } } : widget;
}
function withMetric(widget: Widget, tab: Tab): Widget {
  const name = chosenOf(widget, 'metric');
  if (name === 'messages' && isBytes(widget.metric)) return { ...widget, metric: 'count()' };
  const bytes = name === 'bytes' && widget.metric === 'count()' ? bytesFor(widget, tab) : undefined;
  const query = widget.query ?? bytes?.query;
  return bytes ? { ...widget, metric: bytes.metric, ...(query ? { query } : {}) } : widget;
}
/** The widget as it is looked at: the very same one where nothing is chosen. */
export const seen = (widget: Widget, tab: Tab): Widget => withMetric(withRows(widget), tab);

/** What differs from the dashboard, in words. */
export const lensWords = (widget: Widget): string =>
  [chosenOf(widget, 'metric'), chosenOf(widget, 'rows')].filter(Boolean).map(words).join(', ').toLowerCase();
