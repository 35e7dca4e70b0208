/** Why there is nothing to see, and what to do about it. */
import type { Failure, Widget } from '../api';
import { tick } from '../live';
import { go, query, range, refreshNow } from '../state';
import { agoText, isRelative, lastSeconds, lastWords, presets, rangeWords, timeText } from '../time';

export const Trouble = ({ failure }: { failure: Failure }) => (
  <div class="state trouble" role="alert">
    <p>{failure.text}</p>
    {failure.column !== undefined && (
      <p class="hint">
        line {failure.line ?? 1}, column {failure.column + 1} of its query
      </p>
    )}
    <button class="button" onClick={refreshNow}>
      Try again
    </button>
  </div>
);

const what = (w: Widget): string => {
  const field = w.rows?.field ?? w.columns?.field;
  if (field) return `No message here has a ${field}.`;
  return w.query ? 'No message here fits this widget.' : 'No messages here.';
};
export const Nothing = ({ widget }: { widget: Widget }) => (
  <div class="state nothing">
    <p>{what(widget)}</p>
    {widget.query && (
      <p class="hint">
        It looks for <code>{widget.query}</code>
      </p>
    )}
  </div>
);

/** The next longer of the usual ranges; null after the longest and for absolute ones. */
export function longer(): string | null {
  const r = range.value;
  if (!isRelative(r)) return null;
  const now = lastSeconds(r.last) ?? 0;
  return presets.find((p) => lastSeconds(p)! > now) ?? null;
}
/** A day that ends with the newest message, when that is not in the range on show. */
function newest(shown: { from: number; to: number }): { from: number; to: number; latest: number } | null {
  const t = tick.value;
  if (!t?.latest || (t.latest >= shown.from && t.latest < shown.to)) return null;
  const to = Math.ceil((t.latest + 1) / 60e3) * 60e3;
  return { from: to - 86400e3, to, latest: t.latest };
}

/** Above a page that is empty as a whole; `span` is what the server looked at (ms). */
export function NothingAtAll({ span }: { span: { from: number; to: number } }) {
  const wider = longer();
  const data = newest(span);
  const never = tick.value !== null && !tick.value.latest;
  return (
    <div class="banner" role="status">
      {never ? (
        <p>
          <b>No message has come yet.</b> Point an agent at this receiver (output.logstash.hosts), or start a
          capture: the first ones show up here by themselves.
        </p>
      ) : (
        <p>
          <b>{query.value ? 'No message fits the query' : 'No messages'}</b> in this range: {rangeWords(range.value)}.{' '}
          {data && `The newest one is of ${timeText(data.latest)} (${agoText(data.latest, Date.now())}).`}
        </p>
      )}
      <div class="banner-acts">
        {query.value && (
          <button class="button" onClick={() => go({ query: '' })}>
            Clear the query
          </button>
        )}
        {wider && (
          <button class="button" onClick={() => go({ range: { last: wider } })}>
            Last {lastWords(wider)}
          </button>
        )}
        {data && (
          <button class="button" onClick={() => go({ range: { from: data.from, to: data.to } })}>
            Show the newest data
          </button>
        )}
      </div>
    </div>
  );
}

/** Above a page that could not be asked for at all. A mistake in the query is told below the query. */
export const Failed = ({ failure }: { failure: Failure }) =>
  failure.column !== undefined ? null : (
    <div class="banner trouble" role="alert">
      <p>{failure.text}</p>
      <div class="banner-acts">
        <button class="button" onClick={refreshNow}>
          Try again
        </button>
      </div>
    </div>
  );
