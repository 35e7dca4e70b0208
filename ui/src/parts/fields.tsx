/** The fields of the messages on show: choose columns, see a field's most frequent values. */
import { signal } from '@preact/signals';
import { api, type Field, type FieldsAnswer, type TermsAnswer } from '../api';
import { pick } from '../actions';
import { bodyOf } from '../question';
import { failureOf, go } from '../state';
import { number, percent, schema, shown } from '../units';

const wanted = signal('');
const opened = signal('');
const top = signal<{ field: string; answer: TermsAnswer | null; failure: string }>({ field: '', answer: null, failure: '' });

async function open(field: string): Promise<void> {
  opened.value = opened.value === field ? '' : field;
  if (opened.value === '') return;
  top.value = { field, answer: null, failure: '' };
  try {
    const answer = await api.query(bodyOf([{ id: 't', kind: 'terms', field, metric: 'count()', limit: 5 }]));
    const own = answer.answers['t'] as unknown as TermsAnswer & { error?: { text: string } };
    if (top.value.field === field)
      top.value = own.error ? { field, answer: null, failure: own.error.text } : { field, answer: own, failure: '' };
  } catch (e) {
    top.value = { field, answer: null, failure: failureOf(e).text };
  }
}

function Top() {
  const { field, answer, failure } = top.value;
  if (failure) return <p class="hint bad">{failure}</p>;
  if (!answer) return <p class="hint">…</p>;
  const whole = answer.rows.reduce((n, r) => n + (r.value ?? 0), 0) + (answer.other ?? 0);
  return (
    <ol class="top-values">
      {answer.rows.map((r) => (
        <li key={String(r.key)}>
          <button title={`${shown(r.key)}: ${number(r.value)}`} onClick={(e) => pick(e, { field, value: r.key })}>
            <span>{shown(r.key)}</span>
            <small>{percent(r.value ?? 0, whole)}</small>
          </button>
        </li>
      ))}
      {answer.distinct > answer.rows.length && <li class="hint">{number(answer.distinct)} values in all</li>}
    </ol>
  );
}

const toggle = (columns: string[], name: string): void =>
  go({ columns: columns.includes(name) ? columns.filter((c) => c !== name) : [...columns, name] }, 'replace');

function One({ field, columns }: { field: Field; columns: string[] }) {
  const on = columns.includes(field.name);
  return (
    <li>
      <label title={`Show ${field.name} as a column`}>
        <input type="checkbox" checked={on} disabled={on && columns.length === 1} onChange={() => toggle(columns, field.name)} />
        <span class="unseen">column {field.name}</span>
      </label>
      <button
        aria-expanded={opened.value === field.name}
        title={schema.value.get(field.name)?.help ?? `${field.name} (${field.kind})`}
        onClick={() => void open(field.name)}
      >
        {shown(field.name)}
      </button>
      {opened.value === field.name && <Top />}
    </li>
  );
}

/** Columns first, then all others by name. */
function sorted(fields: Field[], columns: string[]): Field[] {
  const found = fields.filter((f) => f.name.toLowerCase().includes(wanted.value.toLowerCase()) && f.name !== 'timestamp');
  const chosen = columns.flatMap((c) => found.find((f) => f.name === c) ?? []);
  return [...chosen, ...found.filter((f) => !columns.includes(f.name))];
}

export function Fields({ answer, columns }: { answer: unknown; columns: string[] }) {
  const own = answer as (FieldsAnswer & { error?: { text: string } }) | undefined;
  return (
    <details class="fields" open={innerWidth > 900}>
      <summary>Fields</summary>
      <input
        type="search"
        placeholder="Find a field"
        aria-label="Find a field"
        value={wanted.value}
        onInput={(e) => (wanted.value = e.currentTarget.value)}
      />
      {own?.error && <p class="hint bad">{own.error.text}</p>}
      {own?.sampled && <p class="hint">from a sample of the messages</p>}
      <ul>
        {sorted(own?.fields ?? [], columns).map((f) => (
          <One key={f.name} field={f} columns={columns} />
        ))}
      </ul>
    </details>
  );
}
