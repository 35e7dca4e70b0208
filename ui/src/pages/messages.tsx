/** Messages themselves: how many over time, a table with chosen columns, one of them in full. */
import { computed, signal, useSignalEffect } from '@preact/signals';
import { api, type Ask, type HistogramAnswer, type Message, type MessagesAnswer, type Value, type Widget } from '../api';
import { pick } from '../actions';
import { listed, listFields } from '../fields';
import { Card } from '../parts/card';
import { Fields } from '../parts/fields';
import { IconButton, Icon } from '../parts/icons';
import { Failed, NothingAtAll, Trouble } from '../parts/states';
import { reading } from '../live';
import { bodyOf, makeQuestion, type Result } from '../question';
import { dashboard, failureOf, go, query, range, refreshes, view } from '../state';
import { csv, download } from '../sheet';
import { exactText } from '../time';
import { number, shown, unitOf } from '../units';
import { newestFirst } from '../url';
import { Detail } from './message';

export const messagesQuestion = makeQuestion();
type Rows = MessagesAnswer['rows'];
const page_rows = 100;

/** Rows after the first page, and where the next begins. */
const older = signal<{ key: string; rows: Rows; next: string | null }>({ key: '', rows: [], next: null });
const olderFailure = signal('');

const overTime: Widget = {
  title: 'Messages over time',
  visualization: 'bar',
  rows: { time: 'auto' },
  metric: 'count()',
  position: [1, 1, 12, 1],
};

/** What the dashboard's first tab groups by says what these messages are; and their short text. */
export const columns = computed<string[]>(() => {
  if (view.value.columns.length > 0) return view.value.columns;
  const grouped = (dashboard.value?.tabs[0]?.widgets ?? []).flatMap((w) => w.rows?.field ?? []);
  return [...new Set(grouped)].slice(0, 4).concat('message');
});

const listAsk = (): Ask => ({
  id: 'list',
  kind: 'messages',
  limit: page_rows,
  sort: view.value.sort,
  fields: [...new Set(['timestamp', 'source', ...columns.value])],
});
const asks = (): Ask[] => [
  { id: '0', kind: 'histogram', metric: 'count()', interval: 'auto', buckets: 120 },
  listAsk(),
];
const keyNow = (): string => JSON.stringify([range.value, query.value, columns.value, view.value.sort]);

const rowsNow = computed<Rows>(() => {
  const list = messagesQuestion.result.value.answer?.answers['list'] as MessagesAnswer | undefined;
  if (!list?.rows) return [];
  if (older.value.key !== keyNow()) return list.rows;
  const first = new Set(list.rows.map((r) => r.id));
  return [...list.rows, ...older.value.rows.filter((r) => !first.has(r.id))];
});

/** Open the message `step` rows below the one that is open. */
export function stepMessage(step: number): void {
  const rows = rowsNow.value;
  const at = rows.findIndex((r) => r.id === view.value.message);
  const next = rows[at < 0 ? 0 : at + step];
  if (next) go({ message: next.id }, 'replace');
}

async function loadOlder(next: string): Promise<void> {
  const key = keyNow();
  try {
    const answer = await api.query(bodyOf([{ ...listAsk(), after: next }]));
    const list = answer.answers['list'] as unknown as MessagesAnswer & { error?: { text: string } };
    if (list.error) throw new Error(list.error.text);
    const before = older.value.key === key ? older.value.rows : [];
    older.value = { key, rows: [...before, ...list.rows], next: list.next };
    olderFailure.value = '';
  } catch (e) {
    olderFailure.value = failureOf(e).text;
  }
}

/** Graylog writes times without a zone, in UTC. */
export function timeOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  const text = String(value ?? '');
  const t = Date.parse(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? text.replace(' ', 'T') + 'Z' : text);
  return Number.isNaN(t) ? null : t;
}
export const textOf = (field: string, value: unknown): string =>
  typeof value === 'number' && unitOf(field) ? number(value, unitOf(field)) : shown(typeof value === 'object' ? JSON.stringify(value) : value);

/** A field of a message; each element of a list is a value of its own. */
export function Values({ field, message }: { field: string; message: Message }) {
  const value = message[field];
  if (value === undefined || value === null || value === '') return null;
  return (
    <>
      {[value].flat().map((one, i) => (
        <button key={i} class="value" title={textOf(field, one)} onClick={(e) => pick(e, { field, value: one as Value })}>
          {textOf(field, one)}
        </button>
      ))}
    </>
  );
}

function Head({ field }: { field: string }) {
  const { sort } = view.value;
  const own = sort.field === field;
  const next = own && sort.order === 'desc' ? 'asc' : 'desc';
  const drop = (): void => go({ columns: columns.value.filter((c) => c !== field) }, 'replace');
  return (
    <th scope="col" aria-sort={own ? (sort.order === 'desc' ? 'descending' : 'ascending') : 'none'}>
      <span class="head">
        <button class="sort" title="Sort" onClick={() => go({ sort: { field, order: next } }, 'replace')}>
          {field}
          {own && <Icon name={sort.order === 'desc' ? 'down' : 'up'} />}
        </button>
        {field !== newestFirst.field && columns.value.length > 1 && <IconButton name="close" text={`Without ${field}`} act={drop} />}
      </span>
    </th>
  );
}

function Row({ row }: { row: Rows[number] }) {
  const t = timeOf(row.message['timestamp']);
  const open = view.value.message === row.id;
  return (
    <tr class={open ? 'open' : ''}>
      <td class="time-cell">
        <button aria-expanded={open} title="The whole message" onClick={() => go({ message: open ? '' : row.id })}>
          {t === null ? String(row.message['timestamp'] ?? '–') : exactText(t)}
        </button>
      </td>
      {columns.value.map((c) => (
        <td key={c} class={typeof row.message[c] === 'number' ? 'numeric-cell' : ''}>
          <Values field={c} message={row.message} />
        </td>
      ))}
    </tr>
  );
}

/** A list becomes one cell with blanks between its elements. */
function saveRows(rows: Rows): void {
  const names = ['timestamp', ...columns.value];
  const cell = (value: unknown): Value | null => {
    if (value === undefined || value === null) return null;
    return typeof value === 'object' ? [value].flat().map(String).join(' ') : (value as Value);
  };
  const sheet = {
    columns: names.map((title) => ({ title })),
    rows: rows.map((r) => names.map((n) => cell(r.message[n]))),
  };
  download('messages.csv', csv(sheet), 'text/csv;charset=utf-8');
}

function List({ result }: { result: Result }) {
  const list = result.answer?.answers['list'] as (MessagesAnswer & { error?: { text: string } }) | undefined;
  if (list?.error) return <Trouble failure={list.error} />;
  if (!list && result.failure) return <Failed failure={result.failure} />;
  if (!list) return <div class="skeleton tall" role="status" aria-label="Loading" />;
  const rows = rowsNow.value;
  if (rows.length === 0) return result.answer && <NothingAtAll span={result.answer} />;
  const next = older.value.key === keyNow() ? older.value.next : list.next;
  return (
    <>
      <p class="list-line">
        <b>{number(list.total)}</b> messages{rows.length < list.total ? `, ${number(rows.length)} shown` : ''}
        <IconButton name="csv" text="Save the rows shown as CSV" act={() => saveRows(rows)} />
        {older.value.key === keyNow() && ' · not refreshed while older ones are open: press r'}
      </p>
      <div class="list-box" tabIndex={0} role="group" aria-label="Messages">
        <table class="list">
          <thead>
            <tr>
              {['timestamp', ...columns.value].map((c) => (
                <Head key={c} field={c} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <Row key={r.id} row={r} />
            ))}
          </tbody>
        </table>
        {next && (
          <button class="button more" onClick={() => void loadOlder(next)}>
            Show more
          </button>
        )}
        {olderFailure.value && <p role="alert">{olderFailure.value}</p>}
      </div>
    </>
  );
}

export function MessagesPage() {
  const { result, ask } = messagesQuestion;
  useSignalEffect(() => {
    refreshes.value;
    if (!dashboard.value) return; /* it says which stream */
    older.value = { key: '', rows: [], next: null };
    void ask(keyNow(), asks());
  });
  useSignalEffect(() => void (dashboard.value && listFields(query.value)));
  useSignalEffect(() => {
    reading.value = older.value.rows.length > 0;
    return () => (reading.value = false);
  });
  const now = result.value.key === keyNow() ? result.value : { ...result.value, answer: null, failure: null };
  const histogram = now.answer?.answers['0'] as HistogramAnswer | undefined;
  return (
    <div class={`messages ${view.value.message ? 'with-detail' : ''}`}>
      <Fields answer={listed.value} columns={columns.value} />
      <div class="messages-main">
        {(!histogram || histogram.series) && (
          <div class="grid one">
            <Card widget={overTime} result={now} id="0" />
          </div>
        )}
        <List result={now} />
      </div>
      {view.value.message && <Detail id={view.value.message} />}
    </div>
  );
}
