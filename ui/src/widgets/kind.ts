/** What every kind of widget is: which ones it draws, what they ask, how they look, and their numbers. */
import type { ComponentType } from 'preact';
import type { Ask, Widget } from '../api';
import type { Sheet } from '../sheet';

export interface WidgetProps<A> {
  widget: Widget;
  answer: A;
}
export interface WidgetKind<A> {
  name: string;
  fits(widget: Widget): boolean;
  ask(widget: Widget): Omit<Ask, 'id' | 'query'>;
  /** Nothing to draw: the card says so instead. */
  isEmpty(answer: A): boolean;
  View: ComponentType<WidgetProps<A>>;
  sheet(widget: Widget, answer: A): Sheet;
  /** Small print at the lower left of the card, such as the size of a bucket. */
  note?(answer: A): string;
}

/** How a metric is called as the title of a column. */
export function metricName(widget: Widget): string {
  if (widget.name) return widget.name;
  const hit = /^(\w+)\(([^)]*)\)$/.exec(widget.metric);
  if (!hit) return widget.metric;
  const names: Record<string, string> = { count: 'Count', card: 'Distinct', sum: 'Sum', avg: 'Mean', min: 'Least', max: 'Most' };
  return hit[2] ? `${names[hit[1]!] ?? hit[1]} of ${hit[2]}` : (names[hit[1]!] ?? hit[1]!);
}
export const limitOf = (widget: Widget): number => widget.rows?.limit ?? 10;
