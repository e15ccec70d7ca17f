import { useState } from 'preact/hooks';
import type { Line } from './chart';
import { visible } from './format';
import { Text } from './parts';
import { short } from './plot';

const ROWS = 240;

/** The same as a table, made when it is opened. */
export function Values({
  lines,
  all,
  place,
  across,
  title,
}: {
  lines: readonly Line[];
  all: readonly number[];
  place: (x: number) => string;
  across: string;
  title: string;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="faint">
        as a table<span class="hidden">: {visible(title)}</span>
      </summary>
      {open && (
        <div class="values" tabIndex={0} role="region" aria-label={`Values of ${visible(title)}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">{across}</th>
                {lines.map((line) => (
                  <th scope="col" class="num" key={line.key}>
                    <Text>{line.name}</Text>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.slice(-ROWS).map((x) => (
                <tr key={x}>
                  <th scope="row">{across === 'time' ? place(x) : x}</th>
                  {lines.map((line) => {
                    const found = line.points.find(([at]) => at === x);
                    return (
                      <td class="num" key={line.key}>
                        {!found ? '' : across === 'time' && Number.isNaN(found[1]) ? 'unknown' : short(found[1])}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          {all.length > ROWS && (
            <p class="faint">
              The last {ROWS} of {all.length}.
            </p>
          )}
        </div>
      )}
    </details>
  );
}
