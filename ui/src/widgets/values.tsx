/** Bars over the values of a field, lying, so that addresses and names can be read. */
import { useRef } from 'preact/hooks';
import type { Row, TermsAnswer } from '../api';
import { pick } from '../actions';
import { useSize, type Size } from '../parts/size';
import { metricUnit, number, percent, shown } from '../units';
import type { WidgetKind, WidgetProps } from './kind';
import { addsUp, fieldOf, termsAsk, termsEmpty, termsNote, termsSheet, wholeOf } from './terms';

const row_px = 21;
const column_px = 230;

/** As many columns as are needed to show all rows without scrolling, as far as the width allows. */
export function columnsFor(count: number, { width, height }: Size): number {
  if (height === 0) return 1;
  const needed = Math.ceil(count / Math.max(1, Math.floor(height / row_px)));
  return Math.max(1, Math.min(needed, Math.floor(width / column_px)));
}

function Bar({ row, most, widget, whole }: { row: Row; most: number; whole: number } & Pick<WidgetProps<TermsAnswer>, 'widget'>) {
  const value = row.value ?? 0;
  const field = fieldOf(widget);
  const share = addsUp(widget) ? ` (${percent(value, whole)})` : '';
  const text = number(row.value, metricUnit(widget.metric));
  return (
    <li>
      <button
        class="bar-row"
        title={`${shown(row.key)}: ${text}${share}`}
        onClick={(e) => pick(e, { field, value: row.key, within: widget.query })}
      >
        <span class="bar-key">{shown(row.key)}</span>
        <span class="bar-track">
          <span class="bar-fill" style={{ width: `${most > 0 ? Math.max(0.4, (value / most) * 100) : 0}%` }} />
        </span>
        <span class="bar-value">{text}</span>
      </button>
    </li>
  );
}

function View({ widget, answer }: WidgetProps<TermsAnswer>) {
  const box = useRef<HTMLDivElement>(null);
  const columns = columnsFor(answer.rows.length, useSize(box));
  const most = Math.max(...answer.rows.map((r) => r.value ?? 0));
  const texts = answer.rows.map((r) => number(r.value, metricUnit(widget.metric)));
  const longest = Math.max(...answer.rows.map((r) => shown(r.key).length));
  const style = {
    '--columns': String(columns),
    '--lines': String(Math.ceil(answer.rows.length / columns)),
    '--key': `${Math.min(Math.max(longest, 4), 40) * 0.93 + 1}ch`,
    '--value': `${Math.max(...texts.map((t) => t.length)) * 0.93 + 0.5}ch`,
  };
  return (
    <div class="bars-box" ref={box}>
      <ol class="bars" style={style}>
        {answer.rows.map((row) => (
          <Bar key={String(row.key)} row={row} most={most} whole={wholeOf(answer)} widget={widget} />
        ))}
      </ol>
    </div>
  );
}

export const values: WidgetKind<TermsAnswer> = {
  name: 'bars over values',
  fits: (w) => w.visualization === 'bar' && fieldOf(w) !== '',
  ask: termsAsk,
  isEmpty: termsEmpty,
  View,
  sheet: termsSheet,
  note: termsNote,
};
