import L from 'leaflet';
import type { Layout, Schematic } from '../../shared/protocol.ts';
import { fontStack, paintDistricts, paintSchematic } from './base-painter.ts';
import { CanvasLayer } from './canvas-layer.ts';
import { CellPainter } from './cell-painter.ts';
import type { FrameLoop } from './frame-loop.ts';
import { chooseFactor, scaleOf } from './palette.ts';
import { boxOf, coreBox, type View } from './projection.ts';
import { labelNameRem, RegionPainter } from './region-painter.ts';

export interface WallMapOptions {
  frames: FrameLoop;
  /** One root em, px. */
  rem(): number;
  /** No dragging, zooming or hovering. */
  still: boolean;
  /** The count under a region's name. */
  regionText(place: number): string;
  onHover(cell: number, x: number, y: number): void;
  onChoose(place: number): void;
  /** The lower bounds of the colour classes have changed. */
  onScale(scale: readonly number[]): void;
}

/** Whether the colour scale still suits the counts is looked at every so many updates. */
const scaleEvery = 30;

/** The map of the wall: base, cells, regions. Everything that it shows is given to it; it keeps no figures. */
export class WallMap {
  readonly #options: WallMapOptions;
  readonly #map: L.Map;
  readonly #base: CanvasLayer;
  readonly #cellLayer: CanvasLayer;
  readonly #regionLayer: CanvasLayer;
  readonly #cells = new CellPainter();
  readonly #regions = new RegionPainter();
  #layout: Layout | null = null;
  #view: View | null = null;
  #tiles: L.Layer | null = null;
  #home: L.LatLngBounds | null = null;
  #atHome = true;
  #factor = 1;
  #updates = 0;
  #scale = scaleOf(1);
  #chosen = -1;
  #weight: (place: number) => number = () => 0;
  readonly #paintCells = () => void this.#cells.paint(this.#cellLayer.context);
  readonly #paintRegions = () => this.#drawRegions();

  constructor(element: HTMLElement, options: WallMapOptions) {
    this.#options = options;
    const { still, rem } = options;
    this.#map = L.map(element, {
      zoomControl: false,
      attributionControl: false,
      zoomAnimation: false,
      fadeAnimation: false,
      markerZoomAnimation: false,
      inertia: false,
      zoomSnap: 0.05,
      zoomDelta: 0.5,
      wheelPxPerZoomLevel: 120,
      minZoom: 3,
      maxZoom: 18,
      dragging: !still,
      scrollWheelZoom: !still,
      doubleClickZoom: !still,
      boxZoom: false,
      touchZoom: !still,
      keyboard: !still,
      center: [0, 0],
      zoom: 3,
    });
    for (const [name, order] of [
      ['base', 250],
      ['cells', 410],
      ['regions', 420],
    ] as const) {
      const pane = this.#map.createPane(name);
      pane.style.zIndex = String(order);
      pane.style.pointerEvents = 'none';
    }
    this.#base = new CanvasLayer('base', rem, (view) => this.#drawBase(view));
    this.#cellLayer = new CanvasLayer('cells', rem, (view) => {
      this.#cells.setView(view);
      options.frames.schedule(this.#paintCells);
    });
    this.#regionLayer = new CanvasLayer('regions', rem, (view) => {
      this.#regions.setView(view);
      this.#placeLabels();
      options.frames.schedule(this.#paintRegions);
    });
    for (const layer of [this.#base, this.#cellLayer, this.#regionLayer]) layer.addTo(this.#map);
    if (!still) this.#listen();
  }

  /** Takes over a layout; `main` is the place of the venue that the wall is about, -1 for none. */
  setLayout(layout: Layout, main: number): void {
    const before = this.#layout;
    this.#layout = layout;
    this.#cells.setCells(layout.cells);
    this.#regions.setRegions(layout.regions, main);
    if (before?.map.kind !== layout.map.kind || before?.map.url !== layout.map.url) void this.#setTiles(layout);
    const home = homeOf(layout, main);
    if (home !== null && !(this.#home?.equals(home) ?? false)) {
      this.#home = home;
      if (this.#atHome) this.showHome();
    }
    this.#base.canvas.hidden = layout.map.kind !== 'schematic';
    this.#map.fire('viewreset');
  }

  /** Takes over present counts: of the cells `changed`, or of all. */
  setCounts(present: Uint32Array, changed: Uint32Array | null): void {
    let of = changed;
    if (of === null || this.#updates++ % scaleEvery === 0) {
      const factor = chooseFactor(present, this.#factor);
      if (factor !== this.#factor) {
        this.#factor = factor;
        this.#scale = scaleOf(factor);
        this.#options.onScale(this.#scale);
        of = null;
      }
    }
    if (this.#cells.setCounts(present, of, this.#scale)) this.#options.frames.schedule(this.#paintCells);
    this.#options.frames.schedule(this.#paintRegions);
  }

  /** Which region is chosen, and how heavy each is when labels compete for room. */
  setRegions(chosen: number, weight: (place: number) => number): void {
    this.#chosen = chosen;
    this.#weight = weight;
    this.#placeLabels();
    this.#options.frames.schedule(this.#paintRegions);
  }

  showHome(): void {
    if (this.#home === null) return;
    this.#atHome = true;
    const pad = 1.2 * this.#options.rem();
    this.#map.fitBounds(this.#home, { animate: false, padding: [pad, pad] });
  }

  zoomBy(step: number): void {
    this.#atHome = false;
    this.#map.setZoom(this.#map.getZoom() + step, { animate: false });
  }

  /** The container has another size. */
  resize(): void {
    this.#map.invalidateSize({ animate: false, pan: false });
    if (this.#atHome) this.showHome();
  }

  destroy(): void {
    this.#options.frames.drop(this.#paintCells);
    this.#options.frames.drop(this.#paintRegions);
    this.#map.remove();
  }

  #listen(): void {
    this.#map.on('dragstart zoomstart', () => {
      this.#options.onHover(-1, 0, 0);
    });
    this.#map.on('dragstart', () => {
      this.#atHome = false;
    });
    this.#map.getContainer().addEventListener('wheel', () => {
      this.#atHome = false;
    });
    this.#map.on('mousemove', (event: L.LeafletMouseEvent) => {
      const { x, y } = this.#cellLayer.toCanvas(event.containerPoint);
      this.#options.onHover(this.#cells.hit(x, y), event.containerPoint.x, event.containerPoint.y);
    });
    this.#map.on('mouseout', () => this.#options.onHover(-1, 0, 0));
    this.#map.on('click', (event: L.LeafletMouseEvent) => {
      const { x, y } = this.#regionLayer.toCanvas(event.containerPoint);
      const place = this.#regions.hit(x, y);
      if (place >= 0) this.#options.onChoose(place);
    });
  }

  async #setTiles(layout: Layout): Promise<void> {
    this.#tiles?.remove();
    this.#tiles = null;
    const { kind, url } = layout.map;
    if (kind === 'tiles') {
      this.#tiles = L.tileLayer(url, { maxZoom: 19 }).addTo(this.#map);
    } else if (kind === 'pmtiles') {
      const { pmtilesLayer } = await import('./pmtiles-layer.ts');
      const layer = pmtilesLayer(url);
      if (this.#layout?.map.url === url) this.#tiles = layer.addTo(this.#map);
    }
  }

  get #schematic(): Schematic | null {
    return this.#layout?.map.kind === 'schematic' ? this.#layout.schematic : null;
  }

  #drawBase(view: View): void {
    this.#view = view;
    const schematic = this.#schematic;
    if (schematic !== null) paintSchematic(this.#base.context, schematic, view);
  }

  #placeLabels(): void {
    const rem = this.#options.rem();
    const { x, y } = this.#regionLayer.pad;
    const { context } = this.#regionLayer;
    context.font = `500 ${labelNameRem(true) * rem}px ${fontStack}`;
    const margin = { left: x + 0.4 * rem, right: x + 0.4 * rem, top: y + 0.4 * rem, bottom: y + 4 * rem };
    this.#regions.place(this.#chosen, this.#weight, (text) => context.measureText(text).width, margin);
  }

  #drawRegions(): void {
    const { context, canvas } = this.#regionLayer;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const schematic = this.#schematic;
    if (schematic !== null && this.#view !== null) paintDistricts(context, schematic, this.#view);
    this.#regions.paint(context, this.#chosen, this.#options.regionText);
  }
}

/** What the wall opens with: the city's core and the main venue. */
function homeOf(layout: Layout, main: number): L.LatLngBounds | null {
  const placed = layout.cells.filter((cell) => cell.lon !== null && cell.lat !== null);
  const box = coreBox(
    placed.map((cell) => cell.lon!),
    placed.map((cell) => cell.lat!),
    boxOf(layout.regions[main]?.polygons ?? null),
  );
  return box === null ? null : L.latLngBounds([box.south, box.west], [box.north, box.east]);
}
