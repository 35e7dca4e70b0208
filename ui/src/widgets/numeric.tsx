/** One number; with a trend, compared with the same time just before. */
import type { Widget, ValueAnswer } from '../api';
import { Icon } from '../parts/icons';
import { showEvents } from '../actions';
import { agentField, go } from '../state';
import { metricField, metricUnit, number, percent } from '../units';
import { metricName, type WidgetKind, type WidgetProps } from './kind';

type Mood = 'good' | 'bad' | 'neutral';

/** HIGHER and LOWER say which direction is good; NEUTRAL says that none is. */
export function moodOf(trend: string | undefined, change: number): Mood {
  if (change === 0 || (trend !== 'HIGHER' && trend !== 'LOWER')) return 'neutral';
  return change > 0 === (trend === 'HIGHER') ? 'good' : 'bad';
}

function Trend({ widget, answer }: WidgetProps<ValueAnswer>) {
  const { value, previous } = answer;
  if (!widget.trend || value === null) return null;
  if (previous === null || previous === undefined) return <div class="trend neutral">nothing before to compare with</div>;
  const change = value - previous;
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±';
  const amount = sign + number(Math.abs(change), metricUnit(widget.metric));
  const share = previous === 0 ? '' : ` / ${sign}${percent(Math.abs(change), Math.abs(previous), 2)}`;
  const icon = change === 0 ? null : <Icon name={change > 0 ? 'up' : 'down'} />;
  return (
    <div class={`trend ${moodOf(widget.trend, change)}`} title="compared with the same time just before">
      {icon}
      <span>{amount + share}</span>
    </div>
  );
}

/** Behind a number are its events; behind the number of agents the agents. */
const isAgents = (w: Widget): boolean => w.metric.startsWith('card(') && metricField(w.metric) === agentField.value;
const open = (w: Widget): void => (isAgents(w) ? go({ tab: 'agents', focus: '' }) : showEvents(w.query ?? ''));

const View = (p: WidgetProps<ValueAnswer>) => (
  <div class="numeric">
    <button class="big" title={isAgents(p.widget) ? 'Show the agents' : 'Show the events'} onClick={() => open(p.widget)}>
      {number(p.answer.value, metricUnit(p.widget.metric))}
    </button>
    <Trend {...p} />
  </div>
);

export const numeric: WidgetKind<ValueAnswer> = {
  name: 'numeric',
  fits: (w) => w.visualization === 'numeric',
  ask: (w) => ({ kind: 'value', metric: w.metric, ...(w.trend ? { previous: true } : {}) }),
  isEmpty: (a) => a.value === null,
  View,
  sheet: (w: Widget, a) => ({
    columns: [
      { title: metricName(w), numeric: true, unit: metricUnit(w.metric) },
      ...(w.trend ? [{ title: 'Before', numeric: true, unit: metricUnit(w.metric) }] : []),
    ],
    rows: [[a.value, ...(w.trend ? [a.previous ?? null] : [])]],
  }),
};
