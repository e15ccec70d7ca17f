import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface Spot {
  readonly x: number;
  readonly y: number;
}
export interface Does {
  /** By so many pixels; with two fingers, with another button or with Shift it is another motion. */
  drag(dx: number, dy: number, isOther: boolean): void;
  /** Nearer by so much, above 1, at a spot of the box. */
  near(by: number, at: Spot): void;
}

/** Pointers, fingers and the wheel over a box. */
export function useGestures(box: RefObject<HTMLElement | null>, does: Does): void {
  const now = useRef(does);
  now.current = does;
  useEffect(() => {
    const own = box.current!;
    const fingers = new Map<number, Spot>();
    const spot = (event: MouseEvent) => {
      const { left, top } = own.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    const apart = () => {
      const [a, b] = [...fingers.values()];
      return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
    };
    const down = (event: PointerEvent) => {
      own.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, spot(event));
    };
    const up = (event: PointerEvent) => void fingers.delete(event.pointerId);
    const moved = (event: PointerEvent) => {
      const [before, after] = [fingers.get(event.pointerId), spot(event)];
      if (!before) return;
      const gap = apart();
      fingers.set(event.pointerId, after);
      const isOther = fingers.size > 1 || event.shiftKey || (event.buttons & 6) > 0;
      now.current.drag((after.x - before.x) / fingers.size, (after.y - before.y) / fingers.size, isOther);
      if (gap > 0) now.current.near(apart() / gap, after);
    };
    const turned = (event: WheelEvent) => {
      event.preventDefault();
      now.current.near(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.005), spot(event));
    };
    const menu = (event: Event) => event.preventDefault();
    own.addEventListener('pointerdown', down);
    own.addEventListener('pointermove', moved);
    own.addEventListener('pointerup', up);
    own.addEventListener('pointercancel', up);
    own.addEventListener('wheel', turned, { passive: false });
    own.addEventListener('contextmenu', menu);
    return () => {
      own.removeEventListener('pointerdown', down);
      own.removeEventListener('pointermove', moved);
      own.removeEventListener('pointerup', up);
      own.removeEventListener('pointercancel', up);
      own.removeEventListener('wheel', turned);
      own.removeEventListener('contextmenu', menu);
    };
  }, []);
}
