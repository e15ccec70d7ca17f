import { store, stored } from './store';

/**
 * Whether this browser is signed in. The key is worth nothing without a cookie that no script sees, and lies where only
 * this port's pages find it; where no password is set, there is neither.
 */
class Session {
  /** The server wants to know who this is. */
  asked = false;
  readonly #listeners = new Set<() => void>();

  get headers() {
    return { 'X-Muster-Key': stored('key') };
  }
  get signedIn() {
    return stored('key') !== '';
  }

  began(key: string): void {
    store('key', key);
    this.asked = false;
    for (const listener of this.#listeners) listener();
  }

  over(): void {
    store('key', '');
    if (this.asked) return;
    this.asked = true;
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export const session = new Session();
