/** One tab of the dashboard: its widgets on the grid of twelve columns, asked for in one request. */
import { useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Tab, Widget } from '../api';
import { Card } from '../parts/card';
import { Failed, NothingAtAll } from '../parts/states';
import { lenses, seen } from '../lens';
import { makeQuestion, type Result } from '../question';
import { go, query, range, refreshes, tab, view } from '../state';
import { slug } from '../url';
import { asksOf, kindOf } from '../widgets';

export const dashboardQuestion = makeQuestion();

const rowsOf = (t: Tab): number => Math.max(1, ...t.widgets.map((w) => w.position[1] + w.position[3] - 1));

/** Every widget has its answer, and none has anything to draw but numbers of nothing. */
function allEmpty(widgets: Widget[], { answer }: Result): boolean {
  if (!answer) return false;
  return widgets.every((w, i) => {
    const [kind, own] = [kindOf(w), answer.answers[i]];
    if (!kind || !own || own.error) return false;
    return kind.isEmpty(own) || own['value'] === 0;
  });
}
/** The widgets as they are looked at. */
const seenOf = (t: Tab): Widget[] => t.widgets.map((w) => seen(w, t));
const keyOf = (t: Tab): string => JSON.stringify([t.title, range.value, query.value, lenses.value]);

export function DashboardPage() {
  const { result, ask } = dashboardQuestion;
  useSignalEffect(() => {
    const now = tab.value;
    refreshes.value;
    if (now) void ask(keyOf(now), asksOf(seenOf(now)));
  });
  const now = tab.value;
  const rows = useMemo(() => (now ? rowsOf(now) : 1), [now]);
  if (!now) return <Skeletons />;
  const own = result.value.key === keyOf(now) ? result.value : { ...result.value, answer: null, failure: null };
  const focused = now.widgets.findIndex((w) => slug(w.title) === view.value.focus);
  return (
    <div class="board">
      {own.failure && <Failed failure={own.failure} />}
      {own.answer && !own.failure && allEmpty(seenOf(now), own) && <NothingAtAll span={own.answer} />}
      <div class={`grid ${focused >= 0 ? 'focused' : ''}`} style={{ '--rows': String(rows) }}>
        {now.widgets.map((w, i) =>
          focused >= 0 && focused !== i ? null : <Card key={`${now.title}/${w.title}`} widget={seen(w, now)} told={w} tab={now} result={own} id={String(i)} />,
        )}
      </div>
    </div>
  );
}
const Skeletons = () => (
  <div class="board" role="status" aria-label="Loading the dashboard">
    <div class="grid" style={{ '--rows': '2' }}>
      {[1, 5, 9].map((x) => (
        <div class="card" key={x} style={{ '--x': String(x), '--y': '1', '--w': '4', '--h': '1' }}>
          <div class="skeleton" />
        </div>
      ))}
    </div>
  </div>
);
export const leaveFocus = (): void => go({ focus: '' });
