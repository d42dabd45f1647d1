/** What a canvas shows: Web Mercator at a zoom, cut at an origin. All in CSS pixels. */
export interface View {
  /** Width of the world, px: 256 · 2^zoom. */
  readonly scale: number;
  /** World pixel of the canvas's upper left corner. */
  readonly originX: number;
  readonly originY: number;
  readonly width: number;
  readonly height: number;
  /** One root em, px: sizes of symbols and text follow the screen. */
  readonly rem: number;
}

/** Longitude in degrees to 0 … 1 across the world. */
export function worldX(lon: number): number {
  return lon / 360 + 0.5;
}

/** Latitude in degrees to 0 (north) … 1, Web Mercator. */
export function worldY(lat: number): number {
  const sin = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** Metres on the ground per px in the middle of the view. */
export function metresPerPx(view: View): number {
  const y = (view.originY + view.height / 2) / view.scale;
  const cosLat = 1 / Math.cosh((0.5 - y) * 2 * Math.PI);
  return (40_075_016.7 * cosLat) / view.scale;
}

export function toX(lon: number, view: View): number {
  return worldX(lon) * view.scale - view.originX;
}

export function toY(lat: number, view: View): number {
  return worldY(lat) * view.scale - view.originY;
}

/** A box of degrees. */
export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

/**
 * The part of the city to open the wall with: the middle three fifths of the cells in each direction, widened to
 * what must be seen (the venue). Null when no cell has a position.
 */
export function coreBox(lons: number[], lats: number[], must: Box | null): Box | null {
  if (lons.length === 0) return must;
  const x = lons.toSorted((a, b) => a - b);
  const y = lats.toSorted((a, b) => a - b);
  const at = (values: number[], share: number) => values[Math.round((values.length - 1) * share)]!;
  const box = { west: at(x, 0.2), east: at(x, 0.8), south: at(y, 0.2), north: at(y, 0.8) };
  if (must === null) return box;
  return {
    west: Math.min(box.west, must.west),
    east: Math.max(box.east, must.east),
    south: Math.min(box.south, must.south),
    north: Math.max(box.north, must.north),
  };
}

/** The box around rings of [lon, lat]; null without points. */
export function boxOf(polygons: readonly (readonly (readonly [number, number])[])[][] | null): Box | null {
  let box: Box | null = null;
  for (const polygon of polygons ?? []) {
    for (const [lon, lat] of polygon[0] ?? []) {
      box ??= { west: lon, east: lon, south: lat, north: lat };
      box.west = Math.min(box.west, lon);
      box.east = Math.max(box.east, lon);
      box.south = Math.min(box.south, lat);
      box.north = Math.max(box.north, lat);
    }
  }
  return box;
}
