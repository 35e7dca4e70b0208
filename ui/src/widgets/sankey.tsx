/** How much goes from where to where: values of two or three fields, joined by bands. */
import { useRef } from 'preact/hooks';
import { sankey as layout, sankeyLinkHorizontal, type SankeyNode } from 'd3-sankey';
import type { PairsAnswer, Value, Widget } from '../api';
import { pick } from '../actions';
import { colourOf } from '../colours';
import { useSize, type Size } from '../parts/size';
import { metricUnit, number, shown } from '../units';
import { limitOf, metricName, type WidgetKind, type WidgetProps } from './kind';

interface Place {
  id: string;
  field: string;
  key: Value;
}
interface Band {
  source: string;
  target: string;
  value: number;
}
const fieldsOf = (w: Widget): string[] => w.rows?.fields ?? [];

/** Values of the same text in different fields are different places, so that there is no circle. */
export function graphOf(fields: string[], answer: PairsAnswer): { nodes: Place[]; links: Band[] } {
  const nodes = new Map<string, Place>();
  const links = new Map<string, Band>();
  for (const { keys, value } of answer.rows) {
    const ids = keys.map((key, i) => JSON.stringify([i, key]));
    ids.forEach((id, i) => nodes.set(id, { id, field: fields[i] ?? '', key: keys[i]! }));
    ids.slice(1).forEach((target, i) => {
      const name = `${ids[i]} ${target}`;
      const band = links.get(name) ?? { source: ids[i]!, target, value: 0 };
      links.set(name, { ...band, value: band.value + value });
    });
  }
  return { nodes: [...nodes.values()], links: [...links.values()].filter((l) => l.value > 0) };
}

function placed(fields: string[], answer: PairsAnswer, { width, height }: Size) {
  const side = Math.min(180, width / 5);
  return layout<Place, Band>()
    .nodeId((n) => n.id)
    .nodeWidth(12)
    .nodePadding(10)
    .extent([
      [side, 8],
      [Math.max(width - side, side + 60), Math.max(height - 8, 60)],
    ])(graphOf(fields, answer));
}

function Node({ node, widget, last }: { node: SankeyNode<Place, Band>; widget: Widget; last: boolean }) {
  const [x, y] = [node.x0 ?? 0, node.y0 ?? 0];
  const height = Math.max(1, (node.y1 ?? 0) - y);
  const open = (e: Event): void => pick(e, { field: node.field, value: node.key, within: widget.query });
  const text = `${shown(node.key)}: ${number(node.value, metricUnit(widget.metric))}`;
  return (
    <g
      class="sankey-node"
      role="button"
      tabIndex={0}
      aria-label={text}
      onClick={open}
      onKeyDown={(e) => (e.key === 'Enter' || e.key === ' ') && open(e)}
    >
      <title>{text}</title>
      <rect x={x} y={y} width={12} height={height} style={{ fill: `var(${colourOf(node.field, node.key)})` }} />
      <text x={last ? x + 18 : x - 6} y={y + height / 2} dy="0.35em" text-anchor={last ? 'start' : 'end'}>
        {shown(node.key)}
      </text>
    </g>
  );
}

function View({ widget, answer }: WidgetProps<PairsAnswer>) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const fields = fieldsOf(widget);
  const graph = size.width > 0 ? placed(fields, answer, size) : null;
  const path = sankeyLinkHorizontal<Place, Band>();
  return (
    <div class="sankey" ref={box}>
      {graph && (
        <svg width={size.width} height={size.height}>
          {graph.links.map((l) => {
            const from = l.source as unknown as Place;
            return (
              <path
                class="band"
                d={path(l) ?? ''}
                style={{ stroke: `var(${colourOf(from.field, from.key)})`, strokeWidth: `${Math.max(1, l.width ?? 1)}px` }}
              />
            );
          })}
          {graph.nodes.map((n) => (
            <Node key={n.id} node={n} widget={widget} last={n.field === fields.at(-1)} />
          ))}
        </svg>
      )}
    </div>
  );
}

export const sankey: WidgetKind<PairsAnswer> = {
  name: 'sankey',
  fits: (w) => w.visualization === 'sankey' && fieldsOf(w).length > 1,
  ask: (w) => ({ kind: 'pairs', fields: fieldsOf(w), metric: w.metric, limit: limitOf(w) }),
  isEmpty: (a) => a.rows.length === 0,
  View,
  sheet: (w, a) => ({
    columns: [
      ...fieldsOf(w).map((title) => ({ title })),
      { title: metricName(w), numeric: true, unit: metricUnit(w.metric) },
    ],
    rows: a.rows.map((r) => [...r.keys, r.value]),
  }),
};
