/** Countries of telephone numbers, and ISO 3166-1 alpha-2 codes as small numbers: five bits a letter, A is 1; 0: none. */

const letterBits = 5;
const letterMask = (1 << letterBits) - 1;
const beforeA = 64;

/** `CN` → 110; `''` → 0. */
export function packIso(iso: string): number {
  return iso === '' ? 0 : ((iso.charCodeAt(0) - beforeA) << letterBits) | (iso.charCodeAt(1) - beforeA);
}

/** 110 → `CN`; 0 → `''`. */
export function formatIso(packed: number): string {
  if (packed === 0) return '';
  return String.fromCharCode(beforeA + (packed >> letterBits), beforeA + (packed & letterMask));
}

/** Country codes, ITU-T E.164 Annex D (list of assigned codes): ISO code and code. Zones 1 and 7 stand below. */
const assignments = `
EG20 SS211 MA212 DZ213 TN216 LY218 GM220 SN221 MR222 ML223 GN224 CI225 BF226 NE227 TG228 BJ229 MU230 LR231 SL232 GH233
NG234 TD235 CF236 CM237 CV238 ST239 GQ240 GA241 CG242 CD243 AO244 GW245 IO246 SC248 SD249 RW250 ET251 SO252 DJ253 KE254
TZ255 UG256 BI257 MZ258 ZM260 MG261 RE262 ZW263 NA264 MW265 LS266 BW267 SZ268 KM269 ZA27 SH290 ER291 AW297 FO298 GL299
GR30 NL31 BE32 FR33 ES34 GI350 PT351 LU352 IE353 IS354 AL355 MT356 CY357 FI358 BG359 HU36 LT370 LV371 EE372 MD373 AM374
BY375 AD376 MC377 SM378 VA379 UA380 RS381 ME382 XK383 HR385 SI386 BA387 MK389 IT39 RO40 CH41 CZ420 SK421 LI423 AT43 GB44
DK45 SE46 NO47 PL48 DE49 FK500 BZ501 GT502 SV503 HN504 NI505 CR506 PA507 PM508 HT509 PE51 MX52 CU53 AR54 BR55 CL56 CO57
VE58 GP590 BO591 GY592 EC593 GF594 PY595 MQ596 SR597 UY598 CW599 MY60 AU61 ID62 PH63 NZ64 SG65 TH66 TL670 NF672 BN673
NR674 PG675 TO676 SB677 VU678 FJ679 PW680 WF681 CK682 NU683 WS685 KI686 NC687 TV688 PF689 TK690 FM691 MH692 JP81 KR82
VN84 KP850 HK852 MO853 KH855 LA856 CN86 BD880 TW886 TR90 IN91 PK92 AF93 LK94 MM95 MV960 LB961 JO962 SY963 IQ964 KW965
SA966 YE967 OM968 PS970 AE971 IL972 BH973 QA974 BT975 MN976 NP977 IR98 TJ992 TM993 AZ994 GE995 KG996 UZ998`;

/**
 * Area codes of zone 1 that are not the United States', from the North American Numbering Plan's list; `--` belong to
 * no place (500 and 600 services, toll-free and premium numbers).
 */
const zoneOne = `
CA204,226,236,249,250,257,263,289,306,343,354,365,367,368,382,387,403,416,418,428,431,437,438,450,460,468,474,506,514
CA519,537,548,568,579,581,584,587,604,613,639,647,672,683,705,709,742,753,778,780,782,807,819,825,867,873,879,902,905,942
BS242 BB246 AI264 AG268 VG284 VI340 KY345 BM441 GD473 TC649 JM658,876 MS664 MP670 GU671 AS684 SX721 LC758 DM767 VC784
PR787,939 DO809,829,849 TT868 KN869
--500,521,522,523,524,525,526,527,528,529,532,533,535,538,542,544,566,577,588,600,622,633,644,655,677,688,700
--800,822,833,844,855,866,877,888,900`;

/** Country code by packed ISO code. */
const codes = new Map<number, string>([
  [packIso('US'), '1'],
  [packIso('RU'), '7'],
  [packIso('KZ'), '7'],
]);
/** By the first three digits of a number in international form: its country. Zones are looked up further. */
const byPrefix = new Uint16Array(1000);
/** By the three digits behind the 1. */
const byAreaOfZoneOne = new Uint16Array(1000).fill(packIso('US'));
const zoneSeven = { kazakhstan: packIso('KZ'), russia: packIso('RU') };

for (const entry of assignments.trim().split(/\s+/)) {
  const code = entry.slice(2);
  const width = 10 ** (3 - code.length);
  codes.set(packIso(entry.slice(0, 2)), code);
  byPrefix.fill(packIso(entry.slice(0, 2)), Number(code) * width, (Number(code) + 1) * width);
}
for (const entry of zoneOne.trim().split(/\s+/)) {
  const iso = entry.startsWith('--') ? 0 : packIso(entry.slice(0, 2));
  if (iso !== 0) codes.set(iso, '1');
  for (const area of entry.slice(2).split(',')) byAreaOfZoneOne[Number(area)] = iso;
}

/** What the international numbers of a country begin with; '' where that is not known. @param iso from {@link packIso} */
export function codeOfCountry(iso: number): string {
  return codes.get(iso) ?? '';
}

/** Fewest digits that tell the country. */
const digitsMin = 4;

/**
 * Country of a number in international form, packed; 0 where the code is nobody's or of no country (satellite and
 * other global services), or where fewer than four digits are there.
 *
 * @param digits one a place, from `start` to before `end`
 */
export function countryOfDigits(digits: ArrayLike<number>, start: number, end: number): number {
  if (end - start < digitsMin) return 0;
  const [first, second, third] = [digits[start], digits[start + 1], digits[start + 2]];
  if (first === 1) return byAreaOfZoneOne[second * 100 + third * 10 + digits[start + 3]];
  if (first === 7) return second === 6 || second === 7 ? zoneSeven.kazakhstan : zoneSeven.russia;
  return byPrefix[first * 100 + second * 10 + third];
}
