/** The time range: so long before now, or from one moment to another. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { go, range, view } from '../state';
import { fromInput, isRelative, lastSeconds, lastWords, presets, rangeWords, spanOf, toInput } from '../time';
import { Icon } from './icons';

export const rangeOpen = signal(false);
const mistake = signal('');

const choose = (patch: Parameters<typeof go>[0]): void => {
  rangeOpen.value = false;
  mistake.value = '';
  go(patch);
};
function chooseAbsolute(e: Event): void {
  e.preventDefault();
  const data = new FormData(e.currentTarget as HTMLFormElement);
  const [from, to] = [fromInput(String(data.get('from'))), fromInput(String(data.get('to')))];
  if (from === null || to === null) mistake.value = 'Both times are needed.';
  else if (from >= to) mistake.value = 'The first time must be before the second.';
  else choose({ range: { from, to } });
}
function chooseRelative(e: Event): void {
  e.preventDefault();
  const text = String(new FormData(e.currentTarget as HTMLFormElement).get('last')).trim();
  if (lastSeconds(text) === null) mistake.value = 'A number and s, m, h, d or w: 90m, 12h, 3d.';
  else choose({ range: { last: text } });
}

function absolute(): { from: number; to: number } {
  const r = range.value;
  if (!isRelative(r)) return r;
  const now = Math.floor(Date.now() / 60e3) * 60e3;
  return { from: now - (spanOf(r).range ?? 0) * 1000, to: now };
}

function Panel() {
  const { from, to } = absolute();
  const last = isRelative(range.value) ? range.value.last : '';
  return (
    <div class="panel range-panel" role="dialog" aria-label="Time range">
      <div class="chips" role="group" aria-label="Until now">
        {presets.map((p) => (
          <button
            key={p}
            class="chip"
            title={`last ${lastWords(p)}`}
            aria-pressed={lastSeconds(last) === lastSeconds(p)}
            onClick={() => choose({ range: { last: p } })}
          >
            {p}
          </button>
        ))}
      </div>
      <form class="range-line" onSubmit={chooseRelative}>
        <label>
          Last <input name="last" defaultValue={last} placeholder="90m" size={6} />
        </label>
        <button>Apply</button>
      </form>
      <form class="range-form" onSubmit={chooseAbsolute}>
        <label>
          From <input name="from" type="datetime-local" step="1" defaultValue={toInput(from)} />
        </label>
        <label>
          To <input name="to" type="datetime-local" step="1" defaultValue={toInput(to)} />
        </label>
        <button>Apply</button>
      </form>
      {mistake.value && (
        <p class="hint bad" role="alert">
          {mistake.value}
        </p>
      )}
      <p class="hint">Times are of this computer&rsquo;s zone: {Intl.DateTimeFormat().resolvedOptions().timeZone}.</p>
    </div>
  );
}

const refreshChoices: [string, string][] = [
  ['live', 'Live'],
  ['off', 'Off'],
  ['5s', 'Every 5 s'],
  ['15s', 'Every 15 s'],
  ['1m', 'Every minute'],
];
export function RefreshPicker() {
  const now = view.value.refresh;
  const known = refreshChoices.some(([v]) => v === now);
  return (
    <select
      class="refresh"
      aria-label="Refresh"
      title="When the page asks for new data"
      value={now}
      onChange={(e) => go({ refresh: e.currentTarget.value }, 'replace')}
    >
      {[...refreshChoices, ...(known ? [] : [[now, `Every ${now}`] as [string, string]])].map(([v, text]) => (
        <option key={v} value={v}>
          {text}
        </option>
      ))}
    </select>
  );
}

export function RangePicker() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const away = (e: Event): void => {
      if (!box.current?.contains(e.target as Node)) rangeOpen.value = false;
    };
    addEventListener('pointerdown', away);
    return () => removeEventListener('pointerdown', away);
  }, []);
  const open = rangeOpen.value;
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('.chip[aria-pressed=true], .chip')?.focus();
  }, [open]);
  return (
    <div class="range-box" ref={box}>
      <button
        class="button range-button"
        id="range"
        aria-haspopup="dialog"
        aria-expanded={open}
        title="Time range (t)"
        onClick={() => (rangeOpen.value = !open)}
      >
        <Icon name="clock" />
        <span>{rangeWords(range.value)}</span>
      </button>
      {open && <Panel />}
    </div>
  );
}
