/** Icons as outlines in the colour of the text. */
const paths: Record<string, string> = {
  info: 'M8 7v4.5M8 4.6v.1M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0Z',
  table: 'M1.5 3h13v10h-13zM1.5 6.5h13M1.5 9.8h13M6 6.5V13',
  chart: 'M2 14V7.5M6 14V3M10 14V9M14 14V5.5',
  csv: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  png: 'M1.5 3h13v10h-13zM1.5 11l4-4 3.5 3.5 2-2 3.5 3.5M10.5 6v.1',
  focus: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
  unfocus: 'M6 2v4H2M14 6h-4V2M10 14v-4h4M2 10h4v4',
  lens: 'M1.5 4h7M12.5 4h2M10.5 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM1.5 12h2M7.5 12h7M5.5 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  events: 'M2 4h12M2 8h12M2 12h8',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5 6 6 0 1 0 13.5 9.6Z',
  auto: 'M8 2a6 6 0 1 0 0 12V2Z M8 2a6 6 0 0 1 0 12',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.7.4-1.1.8-1.1 1.7M8 12v.1M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0Z',
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.8V4.5h-2.8',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.8v10.4L13 8Z',
  clock: 'M8 4.5V8l2.5 1.5M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0Z',
  search: 'M10.5 10.5 14 14M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0Z',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  filter: 'M2 3h12L9.5 8.5V13l-3-1.5v-3Z',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  full: 'M2 5.5V2h3.5M10.5 2H14v3.5M14 10.5V14h-3.5M5.5 14H2v-3.5',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  leave: 'M6.5 2H3v12h3.5M7 8h7M11 5l3 3-3 3',
};
export const Icon = ({ name }: { name: string }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={paths[name] ?? ''} />
  </svg>
);

/** A button that shows an icon and says `text`. */
export const IconButton = (p: {
  name: string;
  text: string;
  act: (e: MouseEvent) => void;
  pressed?: boolean;
  expanded?: boolean;
}) => (
  <button
    type="button"
    class="icon-button"
    title={p.text}
    aria-label={p.text}
    aria-pressed={p.pressed}
    aria-expanded={p.expanded}
    onClick={p.act}
  >
    <Icon name={p.name} />
  </button>
);
