/** Values of a field with their numbers, as a table; also what a dashboard asks for and no other kind draws. */
import type { TermsAnswer } from '../api';
import { pick } from '../actions';
import { metricUnit, number, shown } from '../units';
import { metricName, type WidgetKind, type WidgetProps } from './kind';
import { fieldOf, termsAsk, termsEmpty, termsNote, termsSheet } from './terms';

function View({ widget, answer }: WidgetProps<TermsAnswer>) {
  const field = fieldOf(widget);
  const most = Math.max(...answer.rows.map((r) => r.value ?? 0));
  return (
    <div class="table-box" tabIndex={0} role="group" aria-label={widget.title}>
      <table class="values">
        <thead>
          <tr>
            <th scope="col">{field}</th>
            <th scope="col" class="numeric-cell">
              {metricName(widget)}
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.rows.map((r) => (
            <tr key={String(r.key)}>
              <td class="key-cell">
                <button title={shown(r.key)} onClick={(e) => pick(e, { field, value: r.key, within: widget.query })}>
                  {shown(r.key)}
                </button>
                <span class="under-bar" style={{ width: `${most > 0 ? ((r.value ?? 0) / most) * 100 : 0}%` }} />
              </td>
              <td class="numeric-cell">{number(r.value, metricUnit(widget.metric))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const table: WidgetKind<TermsAnswer> = {
  name: 'table',
  fits: (w) => fieldOf(w) !== '',
  ask: termsAsk,
  isEmpty: termsEmpty,
  View,
  sheet: termsSheet,
  note: termsNote,
};
