/** A widget's card: title, what it asked, its picture or its table, and why there is nothing to see. */
import { useSignal } from '@preact/signals';
import type { Answered, Failure, Tab, TermsAnswer, Widget } from '../api';
import { showEvents } from '../actions';
import { fieldsOf } from '../fields';
import { choicesOf, choose, chosenOf, lensWords, type Choice } from '../lens';
import type { Result } from '../question';
import { go, query, range, stream, view } from '../state';
import { pictureOf } from '../png';
import { cellText, csv, download, type Sheet } from '../sheet';
import { clockText, rangeWords } from '../time';
import { slug } from '../url';
import { kindOf } from '../widgets';
import type { WidgetKind } from '../widgets/kind';
import { IconButton } from './icons';
import { menuAt, menuItems, type Item } from './menu';
import { say } from './toast';
import { Nothing, Trouble } from './states';

export const SheetTable = ({ sheet, caption }: { sheet: Sheet; caption: string }) => (
  <table class="values">
    <caption class="unseen">{caption}</caption>
    <thead>
      <tr>
        {sheet.columns.map((c) => (
          <th key={c.title} scope="col" class={c.numeric ? 'numeric-cell' : ''}>
            {c.title}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {sheet.rows.map((row, i) => (
        <tr key={i}>
          {sheet.columns.map((c, j) => (
            <td key={j} class={c.numeric ? 'numeric-cell' : ''}>
              {cellText(c, row[j] ?? null)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);

function Info({ widget }: { widget: Widget }) {
  const rows: [string, string | undefined][] = [
    ['Stream', stream.value],
    ['Query', widget.query ?? '(all messages)'],
    ['Metric', widget.metric],
    ['Over', widget.rows?.field ?? widget.rows?.fields?.join(', ') ?? (widget.rows?.time !== undefined ? 'time' : undefined)],
    ['Split by', widget.columns?.field],
    ['At most', widget.rows?.limit?.toString() ?? widget.columns?.limit?.toString()],
    ['Order', widget.direction],
    ['Range', rangeWords(range.value)],
  ];
  return (
    <dl class="info" tabIndex={0}>
      {rows.flatMap(([name, text]) =>
        text
          ? [
              <dt key={name}>{name}</dt>,
              <dd key={name + '='}>
                <code>{text}</code>
              </dd>,
            ]
          : [],
      )}
    </dl>
  );
}

interface BodyProps {
  widget: Widget;
  kind: WidgetKind<unknown> | null;
  answer: Answered<object> | undefined;
  failure: Failure | null;
  show: 'picture' | 'table' | 'info';
}
function Body({ widget, kind, answer, failure, show }: BodyProps) {
  if (show === 'info') return <Info widget={widget} />;
  if (!kind) return <Trouble failure={{ text: `The dashboard asks for "${widget.visualization}", which is not known here.` }} />;
  if (answer?.error) return <Trouble failure={answer.error} />;
  if (!answer && failure) return <div class="state">{failure.column === undefined ? 'no data' : 'The query has a mistake.'}</div>;
  if (!answer) return <div class="skeleton" aria-label="Loading" role="status" />;
  if (kind.isEmpty(answer)) return <Nothing widget={widget} />;
  const sheet = (): Sheet => kind.sheet(widget, answer);
  if (show === 'table')
    return (
      <div class="table-box" tabIndex={0} role="group" aria-label={`${widget.title}, table`}>
        <SheetTable sheet={sheet()} caption={widget.title} />
      </div>
    );
  return <kind.View widget={widget} answer={answer} />;
}

async function savePicture(e: MouseEvent, name: string): Promise<void> {
  const card = (e.currentTarget as Element).closest('.card');
  const picture = card && (await pictureOf(card));
  if (picture) download(`${name}.png`, picture, 'image/png');
  else say('The browser cannot make a picture of this');
}

/** `known`: fields of the messages; undefined: not asked yet. */
function lensItem(widget: Widget, choice: Choice, known: Set<string> | undefined): Item {
  const { field, text } = choice;
  if (field && !known?.has(field)) return { text: known ? `${text}: no message here has ${field}` : `${text}: looking…` };
  return { text, checked: chosenOf(widget, choice.part) === choice.name, act: () => choose(widget, choice) };
}
async function lensMenu(event: MouseEvent, widget: Widget, choices: Choice[]): Promise<void> {
  const items = (known?: Set<string>): Item[] => choices.map((c) => lensItem(widget, c, known));
  const menu = menuAt(event, { title: 'Look at it by', items: items() });
  if (!choices.some((c) => c.field)) return;
  const { fields } = await fieldsOf(query.value);
  menuItems(menu, items(new Set(fields?.map((f) => f.name))));
}

interface ToolsProps {
  widget: Widget;
  told: Widget;
  choices: Choice[];
  sheet: (() => Sheet) | null;
  show: { value: BodyProps['show'] };
}
function Tools({ widget, told, choices, sheet, show }: ToolsProps) {
  const own = slug(widget.title);
  const focused = view.value.focus === own;
  const toggle = (what: 'table' | 'info') => () => (show.value = show.value === what ? 'picture' : what);
  return (
    <div class="tools">
      <IconButton name="info" text="What is asked" pressed={show.value === 'info'} act={toggle('info')} />
      <IconButton name="table" text="Table view" pressed={show.value === 'table'} act={toggle('table')} />
      {sheet && (
        <IconButton name="csv" text="Save as CSV" act={() => download(`${own}.csv`, csv(sheet()), 'text/csv;charset=utf-8')} />
      )}
      {sheet && show.value === 'picture' && <IconButton name="png" text="Save as PNG" act={(e) => void savePicture(e, own)} />}
      {choices.length > 0 && <IconButton name="lens" text="Look at it by…" act={(e) => void lensMenu(e, told, choices)} />}
      <IconButton name="events" text="Show the events" act={() => showEvents(widget.query ?? '')} />
      <IconButton
        name={focused ? 'unfocus' : 'focus'}
        text={focused ? 'Back to all widgets' : 'Fill the page'}
        act={() => go({ focus: focused ? '' : own })}
      />
    </div>
  );
}

export interface CardProps {
  /** As it is looked at, and as the dashboard has it. */
  widget: Widget;
  told?: Widget;
  tab?: Tab;
  result: Result;
  id: string;
}
const lensClear = (told: Widget): void => {
  choose(told, { part: 'rows', name: '', text: '' });
  choose(told, { part: 'metric', name: '', text: '' });
};
export function Card({ widget, told = widget, tab, result, id }: CardProps) {
  const show = useSignal<BodyProps['show']>('picture');
  const kind = kindOf(widget);
  const answer = result.answer?.answers[id] as Answered<object> | undefined;
  const good = kind && answer && !answer.error ? answer : null;
  const [x, y, width, height] = widget.position;
  const place = { '--x': String(x), '--y': String(y), '--w': String(width), '--h': String(height) };
  const choices = tab ? choicesOf(told, tab, (good ?? undefined) as Partial<TermsAnswer> | undefined) : [];
  const other = lensWords(told);
  const title = `card-${slug(widget.title)}`;
  return (
    <section class={`card ${result.failure && answer ? 'old' : ''}`} style={place} aria-labelledby={title} data-kind={kind?.name}>
      <header>
        <h2 id={title} title={widget.title}>
          {widget.title}
        </h2>
        <Tools widget={widget} told={told} choices={choices} sheet={good && kind ? () => kind.sheet(widget, good) : null} show={show} />
      </header>
      <div class="card-body" aria-busy={result.busy}>
        <Body widget={widget} kind={kind} answer={answer} failure={result.failure} show={show.value} />
      </div>
      <footer>
        {other && (
          <button class="lens" title="Look at it as the dashboard does" onClick={() => lensClear(told)}>
            {other} ×
          </button>
        )}
        <span>{good && kind?.note ? kind.note(good) : ''}</span>
        <span title={result.at ? `as of ${clockText(new Date(result.at))}` : ''}>{rangeWords(range.value)}</span>
      </footer>
    </section>
  );
}
