/** The search text: completion of fields and values, and where a mistake in it is. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { api, type Failure, type Field, type Row } from '../api';
import { fieldsOf } from '../fields';
import { bodyOf } from '../question';
import { term, typingAt, type Typing } from '../search';
import { go, query } from '../state';
import { schema, shown } from '../units';
import { Icon, IconButton } from './icons';

interface Choice {
  text: string;
  note: string;
  insert: string;
}
const draft = signal('');
const choices = signal<Choice[]>([]);
const chosen = signal(-1);
const most = 9;
const patience_ms = 250;

let asked = 0;

async function answerOf<A>(ask: Record<string, unknown>): Promise<A | null> {
  const body = { ...bodyOf([{ id: 'c', kind: String(ask['kind']), ...ask }]), query: undefined };
  const answer = await api.query(body).catch(() => null);
  const own = answer?.answers['c'];
  return own && !own.error ? (own as A) : null;
}
/** Fields of the range on show, those of the schema until they are known. */
async function knownFields(): Promise<Field[]> {
  const schemas = [...schema.value.values()];
  const early = new Promise<Field[]>((done) => setTimeout(done, patience_ms, schemas));
  return Promise.race([fieldsOf('').then((known) => known.fields ?? schemas), early]);
}
async function fieldChoices(prefix: string): Promise<Choice[]> {
  const p = prefix.toLowerCase();
  const fits = (await knownFields()).filter((f) => f.name.toLowerCase().includes(p));
  fits.sort((a, b) => Number(b.name.startsWith(p)) - Number(a.name.startsWith(p)) || (b.count ?? 0) - (a.count ?? 0));
  return fits.map((f) => ({ text: f.name, note: schema.value.get(f.name)?.help ?? f.kind, insert: `${f.name}:` }));
}
async function valueChoices(field: string, prefix: string): Promise<Choice[]> {
  const answer = await answerOf<{ rows: Row[] }>({ kind: 'values', field, prefix, limit: most });
  const count = (n: number | null): string => (n === null ? '' : n.toLocaleString('en-US'));
  return (answer?.rows ?? []).map((r) => ({ text: shown(r.key), note: count(r.value), insert: `${term(r.key)} ` }));
}
async function complete(typing: Typing | null): Promise<void> {
  const own = ++asked;
  const nothing = !typing || (typing.field === null && typing.prefix === '');
  const found = nothing
    ? []
    : typing.field === null
      ? await fieldChoices(typing.prefix)
      : await valueChoices(typing.field, typing.prefix);
  if (own !== asked) return;
  choices.value = found.slice(0, most);
  chosen.value = -1;
}
const close = (): void => {
  asked++;
  choices.value = [];
};

function take(input: HTMLInputElement, choice: Choice): void {
  const caret = input.selectionStart ?? draft.value.length;
  const typing = typingAt(draft.value, caret);
  if (!typing) return;
  const rest = draft.value.slice(caret).replace(/^"/, '');
  const head = draft.value.slice(0, typing.start) + choice.insert;
  draft.value = head + rest;
  input.value = draft.value;
  input.setSelectionRange(head.length, head.length);
  void complete(typingAt(draft.value, head.length));
}

function run(): void {
  close();
  go({ query: draft.value.trim() });
}
const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
function onKey(e: KeyboardEvent): void {
  const input = e.currentTarget as HTMLInputElement;
  const list = choices.value;
  if (steps[e.key] && list.length > 0) {
    chosen.value = (chosen.value + steps[e.key]! + list.length + (chosen.value < 0 && steps[e.key]! < 0 ? 1 : 0)) % list.length;
  } else if (e.key === 'Tab' && list.length > 0 && !e.shiftKey) {
    take(input, list[Math.max(0, chosen.value)]!);
  } else if (e.key === 'Enter') {
    if (chosen.value >= 0 && list[chosen.value]) take(input, list[chosen.value]!);
    else run();
  } else if (e.key === 'Escape' && list.length > 0) {
    close();
    e.stopPropagation();
  } else return;
  e.preventDefault();
}

/** The text up to the mistake, the mistake, and what the server says about it. */
const Mistake = ({ failure }: { failure: Failure }) => {
  const line = query.value.split('\n')[(failure.line ?? 1) - 1] ?? '';
  const at = Math.min(failure.column ?? 0, line.length);
  return (
    <div class="mistake" role="alert" id="query-mistake">
      <code>
        {line.slice(0, at)}
        <mark>{line.slice(at, at + 1) || '␣'}</mark>
        {line.slice(at + 1)}
      </code>
      <span>{failure.text}</span>
    </div>
  );
};

const Choices = ({ onTake }: { onTake: (c: Choice) => void }) => (
  <ul class="choices" id="choices" role="listbox" aria-label="Completions">
    {choices.value.map((c, i) => (
      <li
        key={c.text}
        id={`choice-${i}`}
        role="option"
        aria-selected={i === chosen.value}
        onMouseDown={(e) => {
          e.preventDefault();
          onTake(c);
        }}
      >
        <span>{c.text}</span>
        <small>{c.note}</small>
      </li>
    ))}
  </ul>
);

export function QueryBox({ failure }: { failure: Failure | null }) {
  const input = useRef<HTMLInputElement>(null);
  const now = query.value;
  useEffect(() => {
    draft.value = now;
    close();
  }, [now]);
  const open = choices.value.length > 0;
  const onInput = (e: Event): void => {
    draft.value = (e.currentTarget as HTMLInputElement).value;
    void complete(typingAt(draft.value, input.current?.selectionStart ?? 0));
  };
  const clear = (): void => {
    draft.value = '';
    go({ query: '' });
    input.current?.focus();
  };
  return (
    <div class="query-box">
      <form
        class="query-line"
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          run();
        }}
      >
        <Icon name="search" />
        <input
          ref={input}
          id="query"
          type="text"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          placeholder="Search all messages, or field:value, AND, OR, NOT"
          aria-label="Query"
          role="combobox"
          aria-expanded={open}
          aria-controls="choices"
          aria-autocomplete="list"
          aria-activedescendant={open && chosen.value >= 0 ? `choice-${chosen.value}` : undefined}
          aria-invalid={failure !== null}
          aria-describedby={failure ? 'query-mistake' : undefined}
          value={draft.value}
          onInput={onInput}
          onKeyDown={onKey}
          onBlur={close}
        />
        {draft.value !== '' && <IconButton name="close" text="Clear the query" act={clear} />}
      </form>
      {open && <Choices onTake={(c) => input.current && take(input.current, c)} />}
      {failure && <Mistake failure={failure} />}
    </div>
  );
}
