import { type RegionKind, regionKinds } from '../../shared/protocol.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Point, Polygon } from './geometry.ts';
import { cgiFault, positionFault, readText } from './read-cells.ts';
import { treePrefix } from './region-tree.ts';

/** A micro-region: a named set of cells, by geometry or by list. */
export interface Region {
  id: string;
  name: string;
  kind: string;
  /** People; null: none given. */
  capacity: number | null;
  polygons: Polygon[] | null;
  /** CGIs, or prefixes ending in `*`; replaces the geometry. */
  cells: string[] | null;
}

type Fail = (what: string) => never;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON.parse tells the offset of a mistake; people look for lines. */
function whereInJson(text: string, message: string): string {
  const position = /position (\d+)/.exec(message);
  return position === null ? '' : `line ${text.slice(0, Number(position[1])).split('\n').length}: `;
}

function readRing(raw: unknown, name: string, fail: Fail): Point[] {
  if (!Array.isArray(raw) || raw.length < 4) {
    return fail(`${name} has fewer than 4 points: a ring needs three corners and its first point again at the end`);
  }
  const ring = raw.map((point: unknown, i): Point => {
    if (!Array.isArray(point) || typeof point[0] !== 'number' || typeof point[1] !== 'number') {
      return fail(`point ${i + 1} of ${name} is no [longitude, latitude]: write two numbers`);
    }
    const wrong = positionFault(point[0], point[1]);
    if (wrong !== '') fail(`point ${i + 1} of ${name}: ${wrong}: write WGS-84 degrees`);
    return [point[0], point[1]];
  });
  const [firstX, firstY] = ring[0];
  const [lastX, lastY] = ring[ring.length - 1];
  if (firstX !== lastX || firstY !== lastY) {
    fail(`${name} is open: repeat its first point [${firstX}, ${firstY}] at the end`);
  }
  if (new Set(ring.map(([x, y]) => `${x},${y}`)).size < 3) {
    fail(`${name} has no area: give it at least three different corners`);
  }
  return ring;
}

function readPolygon(raw: unknown, name: string, fail: Fail): Polygon {
  if (!Array.isArray(raw) || raw.length === 0) return fail(`${name} has no ring: give it coordinates`);
  return raw.map((ring: unknown, i) => readRing(ring, `${i === 0 ? 'the outer ring' : `hole ${i}`} of ${name}`, fail));
}

function readGeometry(raw: unknown, fail: Fail): Polygon[] {
  if (!isObject(raw)) return fail('it has neither a geometry nor a list of cells: give it one of the two');
  const { type, coordinates } = raw;
  if (type === 'Polygon') return [readPolygon(coordinates, 'its polygon', fail)];
  if (type === 'MultiPolygon') {
    if (!Array.isArray(coordinates) || coordinates.length === 0) return fail('its MultiPolygon is empty: draw it');
    return coordinates.map((polygon: unknown, i) => readPolygon(polygon, `polygon ${i + 1}`, fail));
  }
  return fail(`its geometry is a ${String(type)}: only Polygon and MultiPolygon enclose cells`);
}

function readCellList(raw: unknown, fail: Fail): string[] {
  const form = 'write ["460-00-42285-28831", "460-00-42285-*"]';
  if (!Array.isArray(raw)) return fail(`\`cells\` is no list: ${form}`);
  if (raw.length === 0) return fail(`\`cells\` is an empty list: ${form}, or leave it out to take the geometry`);
  return raw.map((cell: unknown) => {
    if (typeof cell !== 'string') return fail('`cells` holds something that is no text: write CGIs in quotes');
    if (/^[\d-]*\*$/.test(cell)) return cell;
    const fault = cgiFault(cell);
    return fault === ''
      ? cell
      : fail(`the cell '${cell}' ${fault}: write 460-00-42285-28831, or a prefix and * as 460-00-42285-*`);
  });
}

/** What the database takes. */
const capacityMax = 2_147_483_647;
const idLengthMax = 200;

/** Neither NUL nor half a character can be stored. */
function checkText(text: string, name: string, fail: Fail): string {
  if (text.includes('\0') || /\p{Cs}/u.test(text)) return fail(`its ${name} holds a character that is none: mend it`);
  return text;
}

function readCapacity(raw: unknown, fail: Fail): number | null {
  if (raw === undefined || raw === null) return null;
  if (typeof raw !== 'number' || !Number.isInteger(raw) || raw < 0 || raw > capacityMax) {
    return fail(`its capacity ${JSON.stringify(raw)} is no count of people: write a whole number, or leave it out`);
  }
  return raw;
}

/** Any text is taken, so that a file of tomorrow can be read today; {@link readRegions} warns of kinds nobody knows. */
function readKind(raw: unknown): string {
  if (raw === undefined || raw === null) return '';
  return typeof raw === 'string' ? raw : JSON.stringify(raw);
}

/** One line for all regions of an unknown kind. */
function warnOfKinds(path: string, regions: Region[], warn: (line: string) => void): void {
  const odd = regions.filter(({ kind }) => kind !== '' && !regionKinds.includes(kind as RegionKind));
  if (odd.length === 0) return;
  const named = odd.slice(0, 5).map(({ id, kind }) => `${id} ('${kind}')`);
  const more = odd.length > 5 ? ` and ${odd.length - 5} more` : '';
  warn(
    `${path}: unknown kind of ${odd.length === 1 ? 'region' : 'regions'} ${named.join(', ')}${more}: ` +
      `they are counted as any other; the kinds are ${regionKinds.join(', ')}`,
  );
}

function readFeature(raw: unknown, fail: Fail): Region {
  if (!isObject(raw) || raw.type !== 'Feature') return fail('it is no GeoJSON Feature: give it "type": "Feature"');
  const properties = isObject(raw.properties) ? raw.properties : {};
  const id = typeof properties.id === 'number' ? String(properties.id) : properties.id;
  if (typeof id !== 'string' || id.trim() === '') return fail('it has no id: give its properties an "id"');
  if (id.length > idLengthMax) return fail(`its id has more than ${idLengthMax} characters: give it a shorter one`);
  checkText(id, 'id', fail);
  if (id.startsWith(treePrefix)) return fail(`(${id}): nodes of the region tree have such ids: give it another one`);
  const named: Fail = (what) => fail(`(${id}): ${what}`);
  const name = typeof properties.name === 'string' && properties.name !== '' ? properties.name : id;
  const cells =
    properties.cells === undefined || properties.cells === null ? null : readCellList(properties.cells, named);
  return {
    id,
    name: checkText(name, 'name', named),
    kind: checkText(readKind(properties.kind), 'kind', named),
    capacity: readCapacity(properties.capacity, named),
    polygons:
      cells !== null && (raw.geometry === null || raw.geometry === undefined)
        ? null
        : readGeometry(raw.geometry, named),
    cells,
  };
}

/** Reads micro-regions from a file. @throws UserError as {@link parseRegions}, or that it can't be read */
export async function readRegions(path: string, warn: (line: string) => void = () => undefined): Promise<Region[]> {
  return parseRegions(await readText(path, 'region file', 'REGIONS_UNREADABLE'), path, warn);
}

/**
 * Micro-regions of a GeoJSON FeatureCollection: Polygon and MultiPolygon features with the properties `id`, `name`,
 * `kind`, `capacity` and optionally `cells`, which replaces the geometry. The order of the text is kept.
 *
 * @param path where the text comes from, for errors
 * @param warn gets one line where there is no region, and one for all regions of an unknown kind
 * @throws UserError naming path, feature (counted from 1, with its id) and remedy
 */
export function parseRegions(text: string, path: string, warn: (line: string) => void): Region[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const message = messageOf(error).replaceAll(/\s+/g, ' ');
    throw new UserError('REGIONS_JSON', `${path}: ${whereInJson(text, message)}not JSON (${message}): mend the file`, {
      cause: error,
    });
  }
  if (!isObject(json) || json.type !== 'FeatureCollection' || !Array.isArray(json.features)) {
    throw new UserError(
      'REGIONS_GEOJSON',
      `${path}: no GeoJSON FeatureCollection: give it "type": "FeatureCollection" and "features"`,
    );
  }
  const featureOf = new Map<string, number>();
  const regions = json.features.map((raw: unknown, i) => {
    const fail: Fail = (what) => {
      throw new UserError('REGIONS_FEATURE', `${path}: feature ${i + 1}${what.startsWith('(') ? ' ' : ': '}${what}`);
    };
    const region = readFeature(raw, fail);
    const before = featureOf.get(region.id);
    if (before !== undefined) fail(`(${region.id}): feature ${before} has the same id: give each its own`);
    featureOf.set(region.id, i + 1);
    return region;
  });
  if (regions.length === 0) warn(`${path}: "features" is empty: there is no micro-region to count in; add one`);
  warnOfKinds(path, regions, warn);
  return regions;
}

/** The regions in the form that {@link parseRegions} reads. */
export function formatRegions(regions: readonly Region[]): object {
  return {
    type: 'FeatureCollection',
    features: regions.map(({ id, name, kind, capacity, polygons, cells }) => ({
      type: 'Feature',
      properties: { id, name, kind, capacity, ...(cells !== null && { cells }) },
      geometry: polygons === null ? null : { type: 'MultiPolygon', coordinates: polygons },
    })),
  };
}
