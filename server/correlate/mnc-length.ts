/**
 * How many digits of an IMSI are the MNC (3GPP TS 23.003 §2.2): the digits alone do not tell, each country has its
 * rule. Three digits are the rule in these countries (ITU-T E.212 assignments): Canada, the United States, Puerto
 * Rico, Mexico, the Caribbean islands from Jamaica to Turks and Caicos but for Bermuda and those that are not in the
 * list, Honduras, Argentina, Colombia, the Falklands.
 */
const threeDigits = new Set([
  302, 310, 311, 312, 313, 314, 315, 316, 330, 334, 338, 342, 344, 346, 348, 352, 354, 356, 358, 360, 365, 366, 376,
  708, 722, 732, 750,
]);

/**
 * Countries of two-digit MNCs that have some of three digits, as first and last: India (Tata 025–047, Vodafone, Aircel
 * and Reliance Jio 750–932) and Malaysia (150–157) above all, the rest being single late assignments. Where an old
 * two-digit code starts with the same two digits (405-03 and 405-031) three are taken, as phones do.
 */
const threeDigitRanges: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  208: [
    [500, 504],
    [700, 714],
  ],
  214: [[700, 701]],
  250: [[811, 811]],
  255: [[701, 701]],
  350: [[7, 7]],
  374: [
    [129, 130],
    [140, 140],
  ],
  405: [
    [25, 47],
    [750, 756],
    [799, 932],
  ],
  441: [[200, 212]],
  467: [[192, 193]],
  502: [[150, 157]],
  710: [[300, 300]],
  738: [
    [2, 3],
    [40, 40],
  ],
};

/** The rule of each country: 0 where there are ranges. A look-up in a set or an object costs more than all the rest. */
const ruleOf = Uint8Array.from({ length: 1000 }, (_, mcc) => {
  if (threeDigits.has(mcc)) return 3;
  return mcc in threeDigitRanges ? 0 : 2;
});

/** Digits of the MNC, 2 or 3, given the MCC and the three digits behind it as a number. */
export function mncDigits(mcc: number, threeAfterMcc: number): number {
  return ruleOf[mcc] || digitsByRange(mcc, threeAfterMcc);
}

function digitsByRange(mcc: number, threeAfterMcc: number): number {
  for (const [first, last] of threeDigitRanges[mcc]) if (threeAfterMcc >= first && threeAfterMcc <= last) return 3;
  return 2;
}
