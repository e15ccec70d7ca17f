/** Which point of a cloud lies beneath a place of the screen, and where on the screen a point lies. All is pure. */
import type { Vector } from './eye';
import type { Spot } from './measure';
import type { Packed } from './pack';

interface Frame {
  readonly width: number;
  readonly height: number;
}

const NEAR = 6;
const FAR = 16;

/** Null where it lies behind the eye. */
export function onScreen(eye: Float32Array, [x, y, z]: Vector, { width, height }: Frame): Spot | null {
  const row = (n: number) => eye[n]! * x + eye[n + 4]! * y + eye[n + 8]! * z + eye[n + 12]!;
  const depth = row(3);
  return depth > 0 ? { x: ((row(0) / depth + 1) / 2) * width, y: ((1 - row(1) / depth) / 2) * height } : null;
}

/** The foremost of those that are near, else the nearest of those that are not far; null where there is none. */
export function grasped(
  pieces: Iterable<Pick<Packed, 'count' | 'low' | 'span' | 'bytes'>>,
  eye: Float32Array,
  at: Spot,
  { width, height }: Frame,
): Vector | null {
  const [across, up] = [(2 * at.x) / width - 1, 1 - (2 * at.y) / height];
  const [toX, toY] = [width / 2, height / 2];
  let found: Vector | null = null;
  let [foremost, nearest] = [Infinity, FAR];
  for (const { count, low, span, bytes } of pieces) {
    const places = new Uint16Array(bytes.buffer, bytes.byteOffset, 3 * count);
    for (let n = 0; n < 3 * count; n += 3) {
      const x = low[0] + (span[0] * places[n]!) / 65_535;
      const y = low[1] + (span[1] * places[n + 1]!) / 65_535;
      const z = low[2] + (span[2] * places[n + 2]!) / 65_535;
      const depth = eye[3]! * x + eye[7]! * y + eye[11]! * z + eye[15]!;
      if (depth <= 0) continue;
      const dx = ((eye[0]! * x + eye[4]! * y + eye[8]! * z + eye[12]!) / depth - across) * toX;
      if (dx > FAR || dx < -FAR) continue;
      const dy = ((eye[1]! * x + eye[5]! * y + eye[9]! * z + eye[13]!) / depth - up) * toY;
      const apart = Math.hypot(dx, dy);
      if (apart <= NEAR ? depth < foremost : foremost === Infinity && apart < nearest) {
        found = [x, y, z];
        if (apart <= NEAR) foremost = depth;
        else nearest = apart;
      }
    }
  }
  return found;
}
