/** Bars, areas and lines over time: one series, or one for each value of a field, stacked. */
import { useSignal } from '@preact/signals';
import type { HistogramAnswer, Value, Widget } from '../api';
import { pick, showEvents } from '../actions';
import { byClass, digitOfClass } from '../classes';
import { colourOf, restColour } from '../colours';
import { drops } from '../live';
import { Legend, type Entry } from '../parts/legend';
import { menuAt } from '../parts/menu';
import { hovered, Plot, type Line } from '../parts/plot';
import { is } from '../search';
import { go, view } from '../state';
import { stepText, timeText } from '../time';
import { metricUnit, number, shown } from '../units';
import type { View } from '../url';
import { metricName, type WidgetKind, type WidgetProps } from './kind';

/** Series that the server gives at most. */
const most = 100;
const others = '(others)';
const splitField = (w: Widget): string => w.columns?.field ?? '';

interface Track extends Line {
  key: Value | null;
}
/** What selects a series: a class is a range of codes. */
const clauseOf = (w: Widget, key: Value): string =>
  w.classes && digitOfClass(key)
    ? `${splitField(w)}:[${digitOfClass(key)}00 TO ${digitOfClass(key)}99]`
    : is(splitField(w), key);

function tracks(w: Widget, a: HistogramAnswer): Track[] {
  const own = (w.classes ? byClass(a.series) : a.series).map((s) => ({
    key: s.key,
    label: s.key === null ? metricName(w) : shown(s.key),
    colour: colourOf(splitField(w), s.key),
    values: s.values,
  }));
  return a.other ? [...own, { key: null, label: others, colour: restColour, values: a.other.values }] : own;
}
const sum = (values: (number | null)[]): number => values.reduce<number>((n, v) => n + (v ?? 0), 0);

/** Ranges that were zoomed out of: a double click goes back to the last. */
const zooms: View['range'][] = [];
export function zoomTo(from: number, to: number): void {
  zooms.push(view.value.range);
  go({ range: { from, to } });
}
export function zoomBack(): void {
  if (view.value.range && 'from' in view.value.range) go({ range: zooms.pop() ?? null });
}

function bucketMenu(event: MouseEvent, a: HistogramAnswer, index: number, w: Widget): void {
  const from = a.times[index];
  if (from === undefined) return;
  const to = from + a.interval_s * 1000;
  menuAt(event, {
    title: `${timeText(from)} – ${timeText(to).slice(11)}`,
    items: [
      { text: 'Zoom to this time', act: () => zoomTo(from, to) },
      {
        text: 'Show its events',
        act: () => {
          go({ range: { from, to } }, 'replace');
          showEvents(w.query ?? '');
        },
      },
    ],
  });
}

/** What the bucket under the pointer holds, in the corner of the chart. */
function Readout({ answer, shown, widget }: WidgetProps<HistogramAnswer> & { shown: Track[] }) {
  const t = hovered.value;
  const i = t === null ? -1 : answer.times.findIndex((start) => start <= t && t < start + answer.interval_s * 1000);
  if (i < 0) return null;
  const all = shown.map((s) => s.values[i] ?? null);
  const total = all.every((v) => v === null) ? null : sum(all);
  const end = answer.times[i]! + answer.interval_s * 1000;
  const lost = drops.value.reduce((n, d) => (answer.times[i]! <= d.t && d.t < end ? n + d.n : n), 0);
  return (
    <div class="readout">
      <span>{timeText(answer.times[i]!).slice(5)}</span>
      <b>{total === null ? 'no data' : number(total, metricUnit(widget.metric))}</b>
      {lost > 0 && <b class="bad">{number(lost)} dropped</b>}
    </div>
  );
}

function entries(all: Track[], answer: HistogramAnswer, widget: Widget): Entry[] {
  const t = hovered.value;
  const i = t === null ? -1 : answer.times.findIndex((start) => start <= t && t < start + answer.interval_s * 1000);
  const unit = metricUnit(widget.metric);
  return all.map((s) => ({
    label: s.label,
    colour: s.colour,
    text: i < 0 ? number(sum(s.values), unit) : number(s.values[i] ?? null, unit),
    act:
      s.key === null
        ? undefined
        : (e: Event) => pick(e, { field: splitField(widget), value: s.key!, clause: clauseOf(widget, s.key!), within: widget.query }),
  }));
}

const styleOf = (w: Widget): 'bar' | 'area' | 'line' =>
  w.visualization === 'area' || w.visualization === 'line' ? w.visualization : 'bar';

function OverTime({ widget, answer }: WidgetProps<HistogramAnswer>) {
  const only = useSignal<string | null>(null);
  const all = tracks(widget, answer);
  const one = all.some((s) => s.label === only.value) ? only.value : null;
  const shown = one === null ? all : all.filter((s) => s.label === one);
  const split = splitField(widget) !== '';
  return (
    <div class="over-time">
      <div class="plot-box">
        <Plot
          times={answer.times}
          interval_ms={answer.interval_s * 1000}
          lines={shown}
          style={styleOf(widget)}
          stacked={split && styleOf(widget) !== 'line'}
          unit={metricUnit(widget.metric)}
          label={`${widget.title}, chart over time; its numbers are in the table view`}
          onZoom={zoomTo}
          onBack={zoomBack}
          onBucket={(e, i) => bucketMenu(e, answer, i, widget)}
        />
        <Readout widget={widget} answer={answer} shown={shown} />
      </div>
      {split && (
        <Legend entries={entries(all, answer, widget)} only={one} onIsolate={(label) => (only.value = label)} />
      )}
    </div>
  );
}

export const overTime: WidgetKind<HistogramAnswer> = {
  name: 'over time',
  fits: (w) => w.rows?.time !== undefined,
  ask: (w) => ({
    kind: 'histogram',
    metric: w.metric,
    interval: w.rows?.time ?? 'auto',
    ...(w.columns ? { split: { field: w.columns.field, limit: w.classes ? most : (w.columns.limit ?? 10) } } : {}),
  }),
  isEmpty: (a) => a.series.every((s) => s.values.every((v) => !v)),
  View: OverTime,
  sheet: (w, a) => {
    const all = tracks(w, a);
    const unit = metricUnit(w.metric);
    return {
      columns: [{ title: 'Time' }, ...all.map((s) => ({ title: s.label, numeric: true, unit }))],
      rows: a.times.map((t, i) => [new Date(t).toISOString(), ...all.map((s) => s.values[i] ?? null)]),
    };
  },
  note: (a) => `every ${stepText(a.interval_s)}`,
};
