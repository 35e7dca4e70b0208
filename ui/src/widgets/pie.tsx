/** Parts of a whole as a ring; what the limit left out is a part of its own. */
import { useSignal } from '@preact/signals';
import { arc, pie as layout } from 'd3-shape';
import type { TermsAnswer, Value, Widget } from '../api';
import { pick } from '../actions';
import { colourOf, restColour } from '../colours';
import { Legend, type Entry } from '../parts/legend';
import { portWords } from '../ports';
import { metricUnit, number, percent, short, shown } from '../units';
import type { WidgetKind, WidgetProps } from './kind';
import { fieldOf, termsAsk, termsEmpty, termsNote, termsSheet } from './terms';

interface Part {
  key: Value | null;
  label: string;
  value: number;
  colour: string;
}
function parts(w: Widget, a: TermsAnswer): Part[] {
  const own = a.rows.map((r) => ({
    key: r.key,
    label: shown(r.key),
    value: Math.max(0, r.value ?? 0),
    colour: colourOf(fieldOf(w), r.key),
  }));
  return a.other ? [...own, { key: null, label: '(others)', value: a.other, colour: restColour }] : own;
}
const slices = layout<Part>()
  .value((p) => p.value)
  .sort(null)
  .padAngle(0.012);
const ring = arc<{ startAngle: number; endAngle: number }>().innerRadius(62).outerRadius(98).cornerRadius(2);

function View({ widget, answer }: WidgetProps<TermsAnswer>) {
  const only = useSignal<string | null>(null);
  const all = parts(widget, answer);
  const one = all.some((p) => p.label === only.value) ? only.value : null;
  const whole = all.reduce((sum, p) => sum + p.value, 0);
  const unit = metricUnit(widget.metric);
  const center = one === null ? whole : all.find((p) => p.label === one)!.value;
  const open = (part: Part) =>
    part.key === null ? undefined : (e: Event) => pick(e, { field: fieldOf(widget), value: part.key!, within: widget.query });
  const entries: Entry[] = all.map((p) => ({
    label: p.label,
    colour: p.colour,
    words: portWords(fieldOf(widget), p.key),
    text: `${short(p.value, unit)} · ${percent(p.value, whole)}`,
    act: open(p),
  }));
  return (
    <div class="pie">
      <svg viewBox="-100 -100 200 200" role="img" aria-label={`${widget.title}: ${all.length} parts, listed beside`}>
        {slices(all).map((s) => (
          <path
            key={s.data.label}
            d={ring(s) ?? ''}
            class={`slice ${one !== null && one !== s.data.label ? 'dim' : ''}`}
            style={{ fill: `var(${s.data.colour})` }}
            onClick={open(s.data)}
          >
            <title>{`${s.data.label}${portWords(fieldOf(widget), s.data.key)}: ${number(s.value, unit)} (${percent(s.value, whole)})`}</title>
          </path>
        ))}
        <text class="pie-number" y="4">
          {short(center, unit)}
        </text>
        <text class="pie-word" y="22">
          {one ?? 'total'}
        </text>
      </svg>
      <Legend entries={entries} only={one} onIsolate={(label) => (only.value = label)} />
    </div>
  );
}

export const pie: WidgetKind<TermsAnswer> = {
  name: 'pie',
  fits: (w) => w.visualization === 'pie',
  ask: termsAsk,
  isEmpty: (a) => termsEmpty(a) || a.rows.every((r) => !r.value),
  View,
  sheet: termsSheet,
  note: termsNote,
};
