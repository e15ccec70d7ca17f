import { useEffect, useState } from 'preact/hooks';
import { get } from './api';
import { live } from './live';

/** Reads a path now, and again when tasks or nodes have changed, at most every two seconds. */
export function useFresh<T>(path: string): { value: T | null; fault: unknown; reload: () => void } {
  const [value, set] = useState<T | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const read = () => {
      timer = 0;
      get<T>(path).then(
        (found) => {
          if (!gone) {
            set(found);
            setFault(null);
          }
        },
        (refused) => !gone && setFault(refused),
      );
    };
    read();
    const stop = live.onTasks(() => {
      timer ||= setTimeout(read, 2000);
    });
    return () => {
      gone = true;
      stop();
      clearTimeout(timer);
    };
  }, [path, turn]);
  return { value, fault, reload: () => setTurn((n) => n + 1) };
}
