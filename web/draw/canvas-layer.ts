import L from 'leaflet';
import type { View } from './projection.ts';

/** Part of the map's size that the canvas is larger on each side, so that dragging does not show bare edges. */
const padShare = 0.12;

/**
 * One canvas as a Leaflet layer. On each new view it is sized and placed anew and `onView` is told; painting is the
 * caller's business. The context is scaled to CSS pixels.
 */
export class CanvasLayer extends L.Layer {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  readonly #paneName: string;
  readonly #onView: (view: View) => void;
  readonly #rem: () => number;
  #padX = 0;
  #padY = 0;

  constructor(paneName: string, rem: () => number, onView: (view: View) => void) {
    super();
    this.#paneName = paneName;
    this.#rem = rem;
    this.#onView = onView;
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('aria-hidden', 'true');
    this.context = this.canvas.getContext('2d')!;
  }

  override onAdd(map: L.Map): this {
    map.getPane(this.#paneName)!.append(this.canvas);
    map.on('moveend viewreset resize', this.#reset, this);
    this.#reset();
    return this;
  }

  override onRemove(map: L.Map): this {
    map.off('moveend viewreset resize', this.#reset, this);
    this.canvas.remove();
    // Frees the pixels at once; a detached canvas of a 4K wall is 33 MB until it is collected.
    this.canvas.width = 0;
    this.canvas.height = 0;
    return this;
  }

  /** A point of the map's container in pixels of the canvas. */
  toCanvas(point: L.Point): { x: number; y: number } {
    return { x: point.x + this.#padX, y: point.y + this.#padY };
  }

  /** What of the canvas lies outside the container on each side, px. */
  get pad(): { x: number; y: number } {
    return { x: this.#padX, y: this.#padY };
  }

  #reset(): void {
    const map = this._map;
    const size = map.getSize();
    this.#padX = Math.round(size.x * padShare);
    this.#padY = Math.round(size.y * padShare);
    const width = size.x + 2 * this.#padX;
    const height = size.y + 2 * this.#padY;
    const ratio = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const corner = map.containerPointToLayerPoint([0, 0]).subtract([this.#padX, this.#padY]);
    L.DomUtil.setPosition(this.canvas, corner);
    const origin = map.getPixelOrigin().add(corner);
    this.#onView({
      scale: 256 * 2 ** map.getZoom(),
      originX: origin.x,
      originY: origin.y,
      width,
      height,
      rem: this.#rem(),
    });
  }
}
