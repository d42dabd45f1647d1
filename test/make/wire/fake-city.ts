import type { City, CitySimulation, DistantEvent, Procedure, ProcedureKind } from '../../../fixtures/make/types.ts';

const lacs = [42201, 42202, 42203, 42204, 42205, 42206, 42207, 42208];

/** A ring of 40 cells in eight location areas. */
export function makeFakeCity(): City {
  const cells = Array.from({ length: 40 }, (_, index) => ({
    cgi: `460-00-${lacs[(index / 5) | 0]}-${20_000 + index}`,
    name: `cell ${index}`,
    lon: 113.26 + 0.1 * Math.cos((index / 40) * 2 * Math.PI),
    lat: 23.13 + 0.1 * Math.sin((index / 40) * 2 * Math.PI),
    azimuth: 0,
    radio: 'GSM',
    site: `site ${index}`,
    parents: [],
  }));
  return {
    cells,
    lacOf: Uint16Array.from(cells, (_, index) => lacs[(index / 5) | 0]),
    regions: [],
    schematic: { river: [], road: [], label: [], note: '' },
    plmn: '460-00',
    stadium: 0,
    locate: () => 0,
  };
}

/** Two networks abroad: with the second there is no agreement. */
const networks = [
  { plmn: '310-410', country: 'US', prefix: '120200001', agreement: true },
  { plmn: '432-11', country: 'IR', prefix: '9800020', agreement: false },
];

/**
 * Gives the procedures and distant events that it is told, in order of time; the phone with the last index is a
 * foreigner, who was at home before.
 */
export class ScriptedCity implements CitySimulation {
  readonly city = makeFakeCity();
  readonly networks = networks;
  readonly population: number;
  nowUs: number;
  readonly kickOffUs = 0;
  readonly #procedures: Procedure[];
  readonly #distant: DistantEvent[];
  #at = 0;
  #distantAt = 0;

  constructor(population: number, startUs: number, procedures: Procedure[], distant: DistantEvent[] = []) {
    this.population = population;
    this.nowUs = startUs;
    this.#procedures = procedures.sort((a, b) => a.timeUs - b.timeUs);
    this.#distant = distant;
  }

  advance(untilUs: number, sink: (procedure: Procedure) => void, distant?: (event: DistantEvent) => void): void {
    while (this.#at < this.#procedures.length && this.#procedures[this.#at].timeUs < untilUs) {
      sink(this.#procedures[this.#at++]);
    }
    while (this.#distantAt < this.#distant.length && this.#distant[this.#distantAt].timeUs < untilUs) {
      distant?.(this.#distant[this.#distantAt++]);
    }
    this.nowUs = untilUs;
  }

  homeNetwork(phone: number): number {
    return phone === this.population - 1 ? 0 : -1;
  }

  cameFrom(phone: number): number {
    return phone === this.population - 1 ? 0 : -1;
  }

  imsi(phone: number): string {
    if (phone === this.population - 1) return `310410${'42'.padStart(9, '0')}`;
    return `00101${String(phone + 1).padStart(10, '0')}`;
  }

  imei(phone: number): string {
    return `35123456${String(phone).padStart(6, '0')}0`;
  }

  msisdn(phone: number): string {
    return `9991${String(phone).padStart(8, '0')}`;
  }

  countPeople(): void {}
  countRegions(): void {}
  countCells(): void {}
}

export function procedure(kind: ProcedureKind, timeUs: number, more: Partial<Procedure> = {}): Procedure {
  return {
    timeUs,
    kind,
    phone: 0,
    cell: 0,
    durationS: kind.endsWith('call') ? 20 : 0,
    answered: true,
    peer: -1,
    rejected: 0,
    handovers: [],
    ...more,
  };
}

/** Random life of `population` phones for `seconds`, each doing something about once a minute. */
export function makeBusyLife(population: number, startUs: number, seconds: number, seed = 1): Procedure[] {
  const kinds: ProcedureKind[] = [
    'imsi attach',
    'location update',
    'periodic update',
    'detach',
    'mo call',
    'mt call',
    'mo sms',
    'mt sms',
  ];
  let state = seed;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
  const procedures: Procedure[] = [];
  for (let i = 0; i < (population * seconds) / 60; i++) {
    const kind = kinds[draw(kinds.length)];
    const timeUs = startUs + draw(seconds * 1_000_000);
    const cell = draw(40);
    const durationS = kind.endsWith('call') ? 5 + draw(60) : 0;
    const handovers =
      durationS > 20 && draw(3) === 0
        ? Array.from({ length: 1 + draw(3) }, (_, k) => ({
            timeUs: timeUs + (12 + 6 * k) * 1_000_000,
            cell: (cell + 1 + draw(8)) % 40,
          }))
        : [];
    procedures.push(
      procedure(kind, timeUs, {
        phone: draw(population),
        cell,
        durationS,
        answered: draw(5) > 0,
        peer: draw(3) === 0 ? draw(population) : -1,
        rejected: kind === 'location update' && draw(20) === 0 ? 13 : 0,
        handovers,
      }),
    );
  }
  return procedures;
}
