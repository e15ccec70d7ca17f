/** What this browser keeps, where it keeps anything. */
export function stored(name: string, otherwise = ''): string {
  try {
    return localStorage.getItem(`muster-${name}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(`muster-${name}`, value);
  } catch {
    // a browser that keeps nothing
  }
}
