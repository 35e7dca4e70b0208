/** A card as a picture: what stands in it is painted onto a canvas, so nothing is fetched or parsed. */
const scale = 2;
const margin = 12;
/** What belongs to the page and not to the picture. */
const apart = '.tools, .unseen, .readout, .skeleton';

type Paint = CanvasRenderingContext2D;

const seen = (colour: string): boolean => colour !== '' && colour !== 'none' && !/^(transparent|rgba\(.*, 0\))$/.test(colour);
const alpha = (text: string): number => (text === '' ? 1 : Number(text));

/** A box with its background; its corners are round as on the page. */
function box(c: Paint, e: HTMLElement, look: CSSStyleDeclaration): void {
  if (!seen(look.backgroundColor)) return;
  const { left, top, width, height } = e.getBoundingClientRect();
  c.fillStyle = look.backgroundColor;
  c.beginPath();
  c.roundRect(left, top, width, height, Math.min(parseFloat(look.borderTopLeftRadius) || 0, width / 2, height / 2));
  c.fill();
}

function shape(e: SVGGraphicsElement): Path2D | null {
  if (e instanceof SVGPathElement) return new Path2D(e.getAttribute('d') ?? '');
  if (!(e instanceof SVGRectElement)) return null;
  const path = new Path2D();
  path.rect(e.x.baseVal.value, e.y.baseVal.value, e.width.baseVal.value, e.height.baseVal.value);
  return path;
}
/** A shape of a drawing, in the place that the browser has given it. */
function drawing(c: Paint, e: SVGGraphicsElement, look: CSSStyleDeclaration): void {
  const path = shape(e);
  const m = e.getScreenCTM();
  if (!path || !m) return;
  c.save();
  c.transform(m.a, m.b, m.c, m.d, m.e, m.f);
  if (seen(look.fill)) {
    c.globalAlpha = alpha(look.fillOpacity) * alpha(look.opacity);
    c.fillStyle = look.fill;
    c.fill(path);
  }
  if (seen(look.stroke)) {
    c.globalAlpha = alpha(look.strokeOpacity) * alpha(look.opacity);
    c.strokeStyle = look.stroke;
    c.lineWidth = parseFloat(look.strokeWidth) || 1;
    c.stroke(path);
  }
  c.restore();
}

/** A text as far as its box shows it. */
function words(c: Paint, node: Text): void {
  const owner = node.parentElement;
  if (!owner || node.data.trim() === '') return;
  const look = getComputedStyle(owner);
  const range = document.createRange();
  range.selectNodeContents(node);
  const { left, top, width, height } = range.getBoundingClientRect();
  if (width === 0) return;
  c.save();
  if (owner instanceof HTMLElement && look.overflow !== 'visible') {
    const edge = owner.getBoundingClientRect();
    c.beginPath();
    c.rect(edge.left, edge.top, edge.width, edge.height);
    c.clip();
  }
  c.font = `${look.fontWeight} ${(parseFloat(look.fontSize) * height) / (owner instanceof SVGElement ? svgHeight(owner) : height)}px ${look.fontFamily}`;
  c.fillStyle = owner instanceof SVGElement ? look.fill : look.color;
  c.textBaseline = 'middle';
  c.fillText(node.data.trim(), left, top + height / 2);
  c.restore();
}
/** How high a text of a drawing is before the drawing is scaled. */
const svgHeight = (e: SVGElement): number => (e as SVGTextElement).getBBox().height || 1;

function paint(c: Paint, node: Node): void {
  if (node instanceof Text) return words(c, node);
  if (!(node instanceof Element) || node.matches(apart)) return;
  const look = getComputedStyle(node);
  if (look.display === 'none' || look.visibility === 'hidden' || look.opacity === '0') return;
  if (node instanceof HTMLCanvasElement) {
    const { left, top, width, height } = node.getBoundingClientRect();
    if (width > 0 && height > 0) c.drawImage(node, left, top, width, height);
  } else if (node instanceof HTMLElement) {
    box(c, node, look);
  } else if (node instanceof SVGGraphicsElement) {
    drawing(c, node, look);
  }
  if (!(node instanceof SVGElement && node.tagName === 'title')) node.childNodes.forEach((n) => paint(c, n));
}

/** The card on a ground of its own colour, twice as large as on the screen. */
export function pictureOf(card: Element): Promise<Blob | null> {
  const { left, top, width, height } = card.getBoundingClientRect();
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * margin) * scale;
  canvas.height = (height + 2 * margin) * scale;
  const c = canvas.getContext('2d')!;
  c.fillStyle = getComputedStyle(card).backgroundColor;
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.setTransform(scale, 0, 0, scale, (margin - left) * scale, (margin - top) * scale);
  paint(c, card);
  return new Promise((done) => canvas.toBlob(done, 'image/png'));
}
