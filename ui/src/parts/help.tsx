/** What the keys do, and how a query is written. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export const helpOpen = signal(false);

const keys: [string, string][] = [
  ['/', 'to the query'],
  ['1 … 9', 'to that tab'],
  ['t', 'time range'],
  ['r', 'refresh now'],
  ['.', 'pause, and go on'],
  ['f', 'full screen'],
  ['j  k', 'next and previous message'],
  ['?', 'this help'],
  ['Esc', 'closes what is open; leaves a widget that fills the page'],
];
const syntax: [string, string][] = [
  ['field:value', 'messages whose field is this value'],
  ['field:"two words"', 'a value with blanks, colons or signs'],
  ['a:1 AND (b:2 OR NOT c:3)', 'both, either, not'],
  ['field:web*  field:w?b', 'any characters, any one'],
  ['field:>=500  field:[1 TO 5]', 'numbers from and to'],
  ['_exists_:field', 'messages that have the field'],
];
const List = ({ rows }: { rows: [string, string][] }) => (
  <dl class="help-list">
    {rows.flatMap(([key, text]) => [
      <dt key={key}>
        <kbd>{key}</kbd>
      </dt>,
      <dd key={text}>{text}</dd>,
    ])}
  </dl>
);

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog class="help" ref={dialog} aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <h2 id="help-title">Keys</h2>
      <List rows={keys} />
      <h2>Query</h2>
      <List rows={syntax} />
      <h2>Charts</h2>
      <p>
        Drag over a chart to zoom into that time, double-click to go back. Click a value to add it to the query, to
        exclude it, or to see its events. Click a name of a legend to see it alone.
      </p>
      <form method="dialog">
        <button class="button" autofocus>
          Close
        </button>
      </form>
    </dialog>
  );
}
