/** Tabs, query, time: what stands above every page. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { api } from '../api';
import { connected, rate, sample, tick } from '../live';
import { boot, chooseDashboard, dashboard, dashboards, go, page, range, refreshNow, sampleRange, session, tab, tabs, usualSeconds, view } from '../state';
import { agoText, isRelative, lastText } from '../time';
import { slug } from '../url';
import { number } from '../units';
import { dashboardQuestion } from '../pages/dashboard';
import { messagesQuestion } from '../pages/messages';
import { helpOpen } from './help';
import { IconButton } from './icons';
import { QueryBox } from './query_box';
import { RangePicker, RefreshPicker } from './range_picker';
import { useSize } from './size';
import { nextTheme } from './theme';
import { togglePause } from '../keys';

const otherPages: [string, string][] = [
  ['messages', 'Messages'],
  ['agents', 'Agents'],
  ['health', 'Health'],
];
const TabLink = ({ to, text, current }: { to: string; text: string; current: boolean }) => (
  <a
    ref={(a) => void (current && a?.scrollIntoView({ block: 'nearest', inline: 'nearest' }))}
    href={`?tab=${to}`}
    class="tab"
    aria-current={current ? 'page' : undefined}
    onClick={(e) => {
      if (e.metaKey || e.ctrlKey || e.shiftKey) return;
      e.preventDefault();
      go({ tab: to, focus: '', message: '' });
    }}
  >
    {text}
  </a>
);

const Boards = () =>
  dashboards.value.length > 1 ? (
    <select class="boards" aria-label="Dashboard" value={view.value.dashboard} onChange={(e) => void chooseDashboard(e.currentTarget.value)}>
      {dashboards.value.map((d, i) => (
        <option key={d.name} value={i === 0 ? '' : d.name}>
          {d.title}
        </option>
      ))}
    </select>
  ) : (
    <span class="board-title">{dashboard.value?.title}</span>
  );

function Live() {
  const t = tick.value;
  if (!connected.value) return <span class="live off">no live data</span>;
  const since = t?.latest ? `newest message ${agoText(t.latest, t.t)}` : 'no message yet';
  return (
    <>
      {t !== null && t.dropped > 0 && (
        <button class="badge warn" title="Messages that were lost since the start: see Health" onClick={() => go({ tab: 'health' })}>
          {number(t.dropped)} dropped
        </button>
      )}
      <span class="live" title={`${number(t?.received)} received, ${number(t?.stored)} stored; ${since}`}>
        <span class="dot" aria-hidden="true" />
        {rate.value === null ? 'live' : `${number(Math.round(rate.value * 10) / 10)} msg/s`}
      </span>
    </>
  );
}

const themes = { auto: 'auto', light: 'sun', dark: 'moon' } as const;
async function logout(): Promise<void> {
  await api.logout().catch(() => {});
  await boot();
}
const TopRight = () => (
  <div class="top-right">
    {sample.value && (
      <button
        class="badge warn"
        title="Among what you see is the capture that comes with wirelume, not your network: Health takes it out"
        onClick={() => go({ tab: 'health' })}
      >
        sample
      </button>
    )}
    <Live />
    <IconButton name={themes[view.value.theme]} text={`Theme: ${view.value.theme}`} act={nextTheme} />
    <IconButton name="help" text="Keys and help (?)" act={() => (helpOpen.value = true)} />
    {session.value?.user && <IconButton name="leave" text={`Log out ${session.value.user}`} act={() => void logout()} />}
  </div>
);

function Controls() {
  const result = page.value === 'messages' ? messagesQuestion.result.value : dashboardQuestion.result.value;
  const failure = result.failure?.column !== undefined ? result.failure : null;
  const paused = view.value.refresh === 'off';
  return (
    <div class="controls">
      <QueryBox failure={failure} />
      <RangePicker />
      <div class="refresh-box">
        <RefreshPicker />
        <IconButton name={paused ? 'play' : 'pause'} text={paused ? 'Go on (.)' : 'Pause (.)'} act={togglePause} />
        <IconButton name="refresh" text="Refresh now (r)" act={refreshNow} />
      </div>
      {!isRelative(range.value) && (
        <button class="button" onClick={() => go({ range: sampleRange.value ? { last: lastText(usualSeconds.value) } : null })}>
          Back to now
        </button>
      )}
      <div class={`progress ${result.busy ? 'on' : ''}`} aria-hidden="true" />
    </div>
  );
}

/** Tell the style sheet how high the header is: what is below fills the rest of the window. */
function useTop(): { current: HTMLElement | null } {
  const top = useRef<HTMLElement>(null);
  const { height } = useSize(top);
  useLayoutEffect(() => document.documentElement.style.setProperty('--top', `${height + 1}px`), [height]);
  return top;
}

export function Header() {
  const now = page.value;
  return (
    <header class="top" ref={useTop()}>
      <div class="top-line">
        <a
          class="brand"
          href="?"
          aria-label="wirelume, first tab"
          onClick={(e) => {
            e.preventDefault();
            go({ tab: '', focus: '', message: '' });
          }}
        >
          <img src="favicon.svg" alt="" width="22" height="22" />
          <span>wirelume</span>
        </a>
        <Boards />
        <nav class="tabs" aria-label="Pages">
          {tabs.value.map((t) => (
            <TabLink key={t.title} to={slug(t.title)} text={t.title} current={now === 'dashboard' && t === tab.value} />
          ))}
          {otherPages.map(([to, text]) => (
            <TabLink key={to} to={to} text={text} current={now === to} />
          ))}
        </nav>
        <TopRight />
      </div>
      {(now === 'dashboard' || now === 'messages') && <Controls />}
    </header>
  );
}
