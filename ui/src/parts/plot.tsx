/** A chart over time on uPlot: bars or areas, one series or stacked; brush to zoom, shared crosshair. */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { painted } from '../colours';
import { drops, held } from '../live';
import { short, type Unit } from '../units';
import { useSize } from './size';
import { themeNow } from './theme';

export interface Line {
  label: string;
  /** Variable of the style sheet. */
  colour: string;
  values: (number | null)[];
}
export interface PlotProps {
  /** Starts of the buckets (ms). */
  times: number[];
  interval_ms: number;
  lines: Line[];
  style: 'bar' | 'area' | 'line';
  stacked: boolean;
  unit: Unit;
  label: string;
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
  onBucket: (event: MouseEvent, index: number) => void;
}

/** Start of the bucket under the pointer, in whichever chart: all show it. */
export const hovered = signal<number | null>(null);
const crosshair = uPlot.sync('time');

type Column = (number | null | undefined)[];

/**
 * Each series on top of those before it; the uppermost first, since the later ones are drawn over it.
 * A bar of nothing is no bar: its edge would shine through those before it.
 */
export function stack(lines: (number | null)[][], bars: boolean): Column[] {
  const sums: number[] = [];
  const out = lines.map((values) =>
    values.map((v, i) => {
      if (v !== null) sums[i] = (sums[i] ?? 0) + v;
      return bars && !v ? null : (sums[i] ?? null);
    }),
  );
  return out.reverse();
}
const columns = (p: PlotProps): Column[] => {
  const values = p.lines.map((l) => l.values);
  return p.stacked ? stack(values, p.style === 'bar') : values;
};
const dataOf = (p: PlotProps): uPlot.AlignedData => [p.times, ...columns(p)] as uPlot.AlignedData;

/** Points that no line reaches, since both neighbours are gaps. */
function alone(u: uPlot, series: number): number[] {
  const v = u.data[series] as Column;
  const gap = (i: number): boolean => v[i] === null || v[i] === undefined;
  return v.flatMap((_, i) => (!gap(i) && gap(i - 1) && gap(i + 1) ? [i] : []));
}

function seriesOf(p: PlotProps): uPlot.Series[] {
  const lines = p.stacked ? p.lines.slice().reverse() : p.lines;
  const bars = p.style === 'bar';
  return lines.map((line) => {
    const colour = painted(line.colour);
    return {
      label: line.label,
      stroke: colour,
      width: bars ? 0 : 1.5,
      fill: p.style === 'line' ? undefined : bars || p.stacked ? colour : colour + '40',
      paths: bars ? uPlot.paths.bars!({ size: [0.82, 64], align: 1, radius: p.stacked ? 0 : 0.08 }) : undefined,
      points: bars ? { show: false } : { show: true, size: 4, fill: colour, filter: alone },
    };
  });
}

const font = '11px system-ui, sans-serif';
const hours: uPlot.Axis.DynamicValues = (_u, splits, _axis, _space, step) =>
  splits.map((ms, i) => axisTime(ms, i > 0 ? splits[i - 1]! : null, step));

const two = (n: number): string => String(n).padStart(2, '0');
/** Clock times; the date where a day begins and at the left end. */
export function axisTime(ms: number, before: number | null, step: number): string {
  const t = new Date(ms);
  const day = `${t.toLocaleString('en-GB', { month: 'short' })} ${t.getDate()}`;
  if (step >= 86400e3) return day;
  const clock = `${two(t.getHours())}:${two(t.getMinutes())}`;
  const newDay = before !== null && new Date(before).getDate() !== t.getDate();
  if (newDay) return day;
  return step < 60e3 ? `${clock}:${two(t.getSeconds())}` : clock;
}

function axesOf(p: PlotProps): uPlot.Axis[] {
  const text = painted('--muted');
  const lines = { stroke: painted('--grid'), width: 1 };
  return [
    { stroke: text, font, grid: { show: false }, ticks: { ...lines, size: 4 }, size: 24, space: 64, values: hours },
    {
      stroke: text,
      font,
      grid: lines,
      ticks: { show: false },
      gap: 6,
      space: 34,
      values: (_u, splits) => splits.map((n) => short(n, p.unit)),
      size: (_u, labels) => 14 + 6.2 * Math.max(3, ...(labels ?? []).map((l) => l.length)),
      incrs: p.unit === null ? uPlotIntegers : undefined,
    },
  ];
}
const uPlotIntegers = [1, 2, 5].flatMap((n) => Array.from({ length: 13 }, (_, e) => n * 10 ** e)).sort((a, b) => a - b);

function optionsOf(p: PlotProps, now: { current: PlotProps }): uPlot.Options {
  const end = (q: PlotProps): number => (q.times.at(-1) ?? 0) + q.interval_ms;
  return {
    width: 100,
    height: 100,
    ms: 1,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      sync: {
        key: crosshair.key,
        setSeries: false,
        scales: ['x', null],
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
      },
      bind: { dblclick: () => () => (now.current.onBack(), null) },
    },
    scales: {
      x: { time: true, range: () => [now.current.times[0] ?? 0, end(now.current)] },
      y: { range: (_u, _min, max) => [0, Math.max(max || 0, p.unit === null ? 1 : 1e-9) * 1.06] },
    },
    axes: axesOf(p),
    series: [{}, ...seriesOf(p)],
    hooks: {
      setSelect: [(u) => zoom(u, now.current)],
      setCursor: [(u) => follow(u)],
      draw: [(u) => markDrops(u)],
    },
  };
}
/** A wedge at the upper edge for each moment when messages were lost: what is below it is too low. */
function markDrops(u: uPlot): void {
  const { min, max } = u.scales['x']!;
  const { left, top } = u.bbox;
  const half = 4 * devicePixelRatio;
  u.ctx.save();
  u.ctx.fillStyle = painted('--bad');
  for (const { t } of drops.value) {
    if (min == null || max == null || t < min || t >= max) continue;
    const x = Math.max(left, u.valToPos(t, 'x', true));
    u.ctx.beginPath();
    u.ctx.moveTo(x - half, top - half);
    u.ctx.lineTo(x + half, top - half);
    u.ctx.lineTo(x, top + half);
    u.ctx.fill();
  }
  u.ctx.restore();
}
function zoom(u: uPlot, p: PlotProps): void {
  const { left, width } = u.select;
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  held.value = false;
  if (width < 4) return;
  const from = Math.round(u.posToVal(left, 'x'));
  const to = Math.round(u.posToVal(left + width, 'x'));
  if (to - from >= 1000) p.onZoom(from, to);
}
/** The bucket that begins at or before the pointer. uPlot's own index is that of the nearest start. */
function bucketAt(u: uPlot, left: number): number {
  const t = u.posToVal(left, 'x');
  const times = u.data[0];
  let i = times.length - 1;
  while (i > 0 && times[i]! > t) i--;
  return i;
}
function follow(u: uPlot): void {
  const left = u.cursor.left ?? -1;
  if (u.cursor.event) hovered.value = left < 0 ? null : (u.data[0][bucketAt(u, left)] ?? null);
}

/** Same shape: new numbers can be put in without building the chart anew. */
const shapeOf = (p: PlotProps): string =>
  JSON.stringify([p.style, p.stacked, p.unit, p.lines.map((l) => [l.label, l.colour]), themeNow.value]);

export function Plot(p: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(p);
  now.current = p;
  const { width, height } = useSize(host);
  const shape = shapeOf(p);

  useLayoutEffect(() => {
    const u = new uPlot(optionsOf(now.current, now), dataOf(now.current), host.current!);
    plot.current = u;
    u.over.addEventListener('mousedown', () => (held.value = true));
    u.over.addEventListener('click', (e) => {
      if (e.detail < 2) now.current.onBucket(e, bucketAt(u, e.offsetX));
    });
    return () => {
      held.value = false;
      u.destroy();
    };
  }, [shape]);
  useLayoutEffect(() => {
    if (width > 0 && height > 0) plot.current?.setSize({ width, height });
  }, [width, height, shape]);
  useEffect(() => plot.current?.redraw(false), [drops.value]);
  useEffect(() => plot.current?.setData(dataOf(now.current)), [p.times, p.lines]);

  return <div class="plot" ref={host} role="img" aria-label={p.label} />;
}
addEventListener('mouseup', () => (held.value = false));
