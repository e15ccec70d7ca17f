/** Draws points with WebGL: while it moves, as many of them as the machine keeps up with. */

import { type Eye, type Vector, matrix } from './eye';
import { grasped, onScreen } from './grasp';
import type { Spot } from './measure';
import { type Packed } from './pack';
import { ramp } from './paint';
import { Unreadable } from './zip';

interface Held extends Packed {
  readonly buffer: WebGLBuffer;
}

/** What is drawn, and how. */
export interface Scene {
  readonly eye: Eye;
  /** How large it is from corner to corner. */
  readonly size: number;
  /** How large points are; 1 is as large as the gaps between them. */
  readonly grain: number;
  /** Between which heights, where heights are drawn as colours. */
  readonly heights: readonly [low: number, high: number] | null;
}

const STILL = 160;
const SOON = 100;
const SLOW = 40;
const FAST = 22;
const STOPS = 6;

const colour = (n: number) => `vec3(${ramp(n / (STOPS - 1)).map((band) => (band / 255).toFixed(3))})`;
const VERTEX = `
  attribute vec3 place; attribute vec3 colour;
  uniform mat4 eye; uniform vec3 low, span; uniform vec2 heights; uniform float dot, least; varying vec3 ink;
  vec3 ramp(float part) {
    float at = clamp(part, 0.0, 1.0) * ${(STOPS - 1).toFixed(1)};
    vec3 mixed = ${colour(0)};
    ${Array.from({ length: STOPS - 1 }, (_, n) => `mixed = mix(mixed, ${colour(n + 1)}, clamp(at - ${n.toFixed(1)}, 0.0, 1.0));`).join('\n    ')}
    return mixed;
  }
  void main() {
    vec3 at = low + span * place;
    gl_Position = eye * vec4(at, 1.0);
    gl_PointSize = clamp(dot / gl_Position.w, least, 24.0);
    ink = heights.y > heights.x ? ramp((at.y - heights.x) / (heights.y - heights.x)) : colour;
  }`;
const FRAGMENT = 'precision mediump float; varying vec3 ink; void main() { gl_FragColor = vec4(ink, 1.0); }';
const UNIFORMS = ['eye', 'low', 'span', 'heights', 'dot', 'least'] as const;
type Uniforms = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;

export class Stage {
  readonly #canvas: HTMLCanvasElement;
  readonly #gl: WebGLRenderingContext;
  readonly #held = new Map<string, Held>();
  readonly #where: Uniforms;
  readonly #place: number;
  readonly #colour: number;
  #shown: readonly string[] = [];
  #scene: Scene | null = null;
  #frame = 0;
  #moves = false;
  #last = 0;
  #part = 1;
  #idle = 0;
  #soon = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const gl = canvas.getContext('webgl', { antialias: true, powerPreference: 'high-performance' });
    if (!gl) throw new Unreadable('this browser draws nothing in three dimensions (WebGL) here');
    this.#gl = gl;
    const program = gl.createProgram();
    for (const [kind, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(kind)!;
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS))
      throw new Unreadable(`the graphics of this machine refuse: ${gl.getProgramInfoLog(program)}`);
    gl.useProgram(program);
    this.#where = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as Uniforms;
    [this.#place, this.#colour] = [gl.getAttribLocation(program, 'place'), gl.getAttribLocation(program, 'colour')];
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }
  get keys(): string[] {
    return [...this.#held.keys()];
  }

  add(key: string, packed: Packed): void {
    const [gl, buffer] = [this.#gl, this.#gl.createBuffer()];
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, packed.bytes, gl.STATIC_DRAW);
    this.#held.set(key, { ...packed, buffer });
  }

  remove(key: string): void {
    this.#gl.deleteBuffer(this.#held.get(key)?.buffer ?? null);
    this.#held.delete(key);
  }

  /** From now on these are drawn. */
  show(keys: readonly string[], scene: Scene, moves: boolean): void {
    [this.#shown, this.#scene] = [keys, scene];
    if (!moves) {
      this.#askSoon();
      return;
    }
    this.#moves = true;
    clearTimeout(this.#idle);
    this.#idle = window.setTimeout(() => {
      this.#moves = false;
      this.#ask();
    }, STILL);
    this.#ask();
  }

  /** The point that is seen at a place of the canvas; null where there is none. */
  grasp(at: Spot): Vector | null {
    const shown = this.#shown.flatMap((key) => this.#held.get(key) ?? []);
    return this.#scene && grasped(shown, this.#matrix(this.#scene), at, this.#frameOf());
  }
  /** Where in the canvas a point lies as one looks now; null behind the eye. */
  spotOf(point: Vector, scene: Pick<Scene, 'eye' | 'size'>): Spot | null {
    return onScreen(this.#matrix(scene), point, this.#frameOf());
  }
  #frameOf() {
    return { width: this.#canvas.clientWidth || 1, height: this.#canvas.clientHeight || 1 };
  }
  #matrix({ eye, size }: Pick<Scene, 'eye' | 'size'>): Float32Array {
    const { width, height } = this.#frameOf();
    return matrix(eye, width / height, size);
  }

  /** How many points are drawn when nothing moves. */
  get points(): number {
    return this.#shown.reduce((sum, key) => sum + (this.#held.get(key)?.count ?? 0), 0);
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#idle);
    clearTimeout(this.#soon);
    for (const key of this.keys) this.remove(key);
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #ask(): void {
    this.#frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  /** While parts of it arrive, each of them is not worth a picture of its own. */
  #askSoon(): void {
    this.#soon ||= window.setTimeout(() => {
      this.#soon = 0;
      this.#ask();
    }, SOON);
  }

  #draw(now: number): void {
    this.#frame = 0;
    const [gl, canvas, scene] = [this.#gl, this.#canvas, this.#scene];
    if (!scene) return;
    if (this.#moves && this.#last) {
      const took = now - this.#last;
      if (took > SLOW) this.#part = Math.max(0.02, this.#part * Math.max(0.25, 33 / took));
      else if (took < FAST) this.#part = Math.min(1, this.#part * 1.15);
    }
    this.#last = this.#moves ? now : 0;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix4fv(this.#where.eye, false, matrix(scene.eye, width / height, scene.size));
    const share = this.#moves ? this.#part : 1;
    const grain = scene.size * Math.min(0.01, 0.8 / Math.sqrt(Math.max(1, this.points)));
    gl.uniform1f(this.#where.dot, (scene.grain * grain * height) / Math.sqrt(share));
    gl.uniform1f(this.#where.least, Math.max(1, 0.8 * scene.grain * scale));
    gl.uniform2fv(this.#where.heights, scene.heights ?? [0, 0]);
    gl.enableVertexAttribArray(this.#place);
    gl.enableVertexAttribArray(this.#colour);
    for (const key of this.#shown) {
      const held = this.#held.get(key);
      if (!held || held.count === 0) continue;
      gl.bindBuffer(gl.ARRAY_BUFFER, held.buffer);
      gl.vertexAttribPointer(this.#place, 3, gl.UNSIGNED_SHORT, true, 6, 0);
      gl.vertexAttribPointer(this.#colour, 3, gl.UNSIGNED_BYTE, true, 3, 6 * held.count);
      gl.uniform3fv(this.#where.low, held.low);
      gl.uniform3fv(this.#where.span, held.span);
      gl.drawArrays(gl.POINTS, 0, Math.ceil(held.count * share));
    }
  }
}
