/** All kinds of widgets; the first that fits draws. */
import type { Ask, Widget } from '../api';
import type { WidgetKind } from './kind';
import { numeric } from './numeric';
import { overTime } from './over_time';
import { pie } from './pie';
import { sankey } from './sankey';
import { table } from './table';
import { values } from './values';

const kinds = [numeric, overTime, sankey, pie, values, table] as unknown as WidgetKind<unknown>[];

/** null: this dashboard has a widget that we cannot draw; its card says so. */
export const kindOf = (widget: Widget): WidgetKind<unknown> | null => kinds.find((k) => k.fits(widget)) ?? null;

/** What a tab asks, in one request. Ids are places in the list. */
export const asksOf = (widgets: Widget[]): Ask[] =>
  widgets.flatMap((w, i) => {
    const kind = kindOf(w);
    return kind ? [{ id: String(i), ...kind.ask(w), ...(w.query ? { query: w.query } : {}) }] : [];
  });
