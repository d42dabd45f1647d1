/** A point or corner as [longitude, latitude], degrees. */
export type Point = [number, number];
/** Outer ring and holes, each closed (first corner repeated last). */
export type Polygon = Point[][];

export interface Box {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
}

export function boxOf(polygon: Polygon): Box {
  const box = {
    minX: Number.POSITIVE_INFINITY,
    minY: Number.POSITIVE_INFINITY,
    maxX: Number.NEGATIVE_INFINITY,
    maxY: Number.NEGATIVE_INFINITY,
  };
  for (const [x, y] of polygon[0]) {
    box.minX = Math.min(box.minX, x);
    box.minY = Math.min(box.minY, y);
    box.maxX = Math.max(box.maxX, x);
    box.maxY = Math.max(box.maxY, y);
  }
  return box;
}

/** 1 inside, 0 on the ring itself, -1 outside. Even-odd rule, so the ring's direction does not matter. */
function sideOfRing(ring: Point[], x: number, y: number): -1 | 0 | 1 {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [x1, y1] = ring[i - 1];
    const [x2, y2] = ring[i];
    const cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1);
    if (
      cross === 0 &&
      x >= Math.min(x1, x2) &&
      x <= Math.max(x1, x2) &&
      y >= Math.min(y1, y2) &&
      y <= Math.max(y1, y2)
    ) {
      return 0;
    }
    // Half-open in y, so that a corner is crossed once.
    if (y1 > y !== y2 > y && cross > 0 === y2 > y1) inside = !inside;
  }
  return inside ? 1 : -1;
}

/** Whether a point is inside a polygon: borders belong to it (those of its holes too), holes do not. */
export function inPolygon(polygon: Polygon, x: number, y: number): boolean {
  if (sideOfRing(polygon[0], x, y) < 0) return false;
  for (let i = 1; i < polygon.length; i++) {
    if (sideOfRing(polygon[i], x, y) > 0) return false;
  }
  return true;
}
