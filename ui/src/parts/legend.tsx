/** Names and colours of what a chart shows. A click shows one alone, the next one all again. */
import { Icon } from './icons';

export interface Entry {
  label: string;
  colour: string;
  text: string;
  /** More words for whom the label says too little. */
  words?: string;
  /** Opens the menu of the value; absent where it stands for no single value. */
  act?: (e: Event) => void;
}
export interface LegendProps {
  entries: Entry[];
  only: string | null;
  onIsolate: (label: string | null) => void;
}
export const Swatch = ({ colour }: { colour: string }) => (
  <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" />
);

export const Legend = ({ entries, only, onIsolate }: LegendProps) => (
  <ul class="legend">
    {entries.map((e) => (
      <li key={e.label} class={only !== null && only !== e.label ? 'dim' : ''}>
        <button
          class="legend-name"
          aria-pressed={only === e.label}
          title={only === e.label ? 'Show all' : `Show only ${e.label}${e.words ?? ''}`}
          onClick={() => onIsolate(only === e.label ? null : e.label)}
        >
          <Swatch colour={e.colour} />
          <span class="legend-label">{e.label}</span>
          <span class="legend-text">{e.text}</span>
        </button>
        {e.act ? (
          <button class="legend-act" aria-label={`Actions for ${e.label}`} title="Filter, exclude, show events" onClick={e.act}>
            <Icon name="filter" />
          </button>
        ) : (
          <span class="legend-act" />
        )}
      </li>
    ))}
  </ul>
);
