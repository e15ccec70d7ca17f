/** From where one looks at a cloud, and what is seen from there. Right, up and towards the eye are the axes. */

export type Vector = readonly [number, number, number];

export interface Eye {
  readonly yaw: number;
  readonly pitch: number;
  /** How far away the middle of what is seen lies. */
  readonly far: number;
  readonly centre: Vector;
}

const LENS = 1.6;
const STEEPEST = 1.57;
export const SIDES = { Front: [0, 0], Above: [0, STEEPEST], Right: [STEEPEST, 0] } as const;

export const home = (size: number): Eye => ({ yaw: 0.5, pitch: 0.5, far: size * 0.75, centre: [0, 0, 0] });

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function axes({ yaw, pitch }: Eye): { right: Vector; up: Vector; back: Vector } {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return { right: [cy, 0, -sy], up: [-sp * sy, cp, -sp * cy], back: [cp * sy, sp, cp * cy] };
}

/** How much of a distance of 1 fills half of the frame, across and upwards. */
const lens = (ratio: number): [across: number, up: number] => (ratio < 1 ? [LENS, LENS * ratio] : [LENS / ratio, LENS]);

export function matrix(eye: Eye, ratio: number, size: number): Float32Array {
  const [near, far] = [eye.far * 0.01, eye.far + size * 20];
  const { right, up, back } = axes(eye);
  const [fx, fy] = lens(ratio);
  const [z1, z2] = [-(far + near) / (far - near), (-2 * far * near) / (far - near)];
  const depth = dot(back, eye.centre) + eye.far;
  const column = (n: 0 | 1 | 2) => [fx * right[n], fy * up[n], z1 * back[n], -back[n]];
  return new Float32Array([
    ...column(0),
    ...column(1),
    ...column(2),
    -fx * dot(right, eye.centre),
    -fy * dot(up, eye.centre),
    -z1 * depth + z2,
    depth,
  ]);
}

export const turned = (eye: Eye, yaw: number, pitch: number): Eye => ({
  ...eye,
  yaw: eye.yaw + yaw,
  pitch: Math.max(-STEEPEST, Math.min(STEEPEST, eye.pitch + pitch)),
});

/** Aside, by so many pixels of a frame of such a height. */
export function moved(eye: Eye, dx: number, dy: number, height: number): Eye {
  const step = (2 * eye.far) / (LENS * height);
  const { right, up } = axes(eye);
  const at = (n: 0 | 1 | 2) => eye.centre[n] - step * (dx * right[n] - dy * up[n]);
  return { ...eye, centre: [at(0), at(1), at(2)] };
}

export const nearer = (eye: Eye, by: number, size: number): Eye => ({
  ...eye,
  far: Math.max(size / 5000, Math.min(size * 10, eye.far / by)),
});

/** How many pixels a length of 1 has at a ball, where it is nearest; 0 where the ball is not in sight. */
export function closeness(eye: Eye, ratio: number, height: number, middle: Vector, radius: number): number {
  const { right, up, back } = axes(eye);
  const to: Vector = [middle[0] - eye.centre[0], middle[1] - eye.centre[1], middle[2] - eye.centre[2]];
  const depth = eye.far - dot(back, to);
  if (depth < -radius) return 0;
  const [fx, fy] = lens(ratio);
  const outside = (across: number, lens: number) => (Math.abs(across) * lens - depth) / Math.hypot(lens, 1) > radius;
  if (outside(dot(right, to), fx) || outside(dot(up, to), fy)) return 0;
  return (fy * height) / 2 / Math.max(depth - radius, eye.far * 0.01);
}
