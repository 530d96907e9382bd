/** Kubernetes' quantities and Prometheus' sizes. */

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity (`500m`, `1.5`, `2Gi`) stands for; NaN if it is none. */
export function quantityValue(quantity: number | string): number {
  if (typeof quantity === "number") return quantity;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(quantity.trim());
  const factor = SUFFIXES[match?.[2] ?? "?"];
  return match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor;
}

const SIZE_UNITS = ["", "K", "M", "G", "T", "P", "E"];

/** Bytes of a size (`512MB`, `1GiB`): K is 1024 in either spelling. */
export function sizeBytes(size: string): number {
  const match = /^(\d*\.?\d+)([KMGTPE]?)i?B$/.exec(size);
  return match === null ? 0 : Number(match[1]) * 1024 ** SIZE_UNITS.indexOf(match[2] ?? "");
}
