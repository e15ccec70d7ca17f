import { useState } from 'preact/hooks';
import { type TokenEntry, call } from './api';
import { ago, exact, span } from './format';
import { useFresh } from './fresh';
import { useLive } from './live';
import { Ask, Dialog, Empty, Fault, Text, Title, say, useNow } from './parts';

export function Tokens() {
  const { value, fault, reload } = useFresh<{ open: boolean; tokens: TokenEntry[] }>('/tokens');
  const [adds, setAdds] = useState(false);
  const [made, setMade] = useState('');
  const [wrong, setWrong] = useState<unknown>(null);
  const [asks, setAsks] = useState<TokenEntry | null>(null);
  const now = useNow() + useLive().skew;
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const number = (name: string) => (form.get(name) ? Number(form.get(name)) : undefined);
    void call<{ text: string }>('POST', '/tokens', {
      name: form.get('name'),
      days: number('days'),
      max_images: number('images'),
      max_concurrent_tasks: number('tasks'),
    }).then((answer) => {
      setMade(answer.text);
      setWrong(null);
      reload();
    }, setWrong);
  };
  return (
    <>
      <Title name="Tokens">
        <span class="grow" />
        <button
          type="button"
          class="primary"
          onClick={() => {
            setMade('');
            setWrong(null);
            setAdds(true);
          }}
        >
          New token
        </button>
      </Title>
      <Fault of={fault} again={reload} />
      {value?.open && (
        <div class="note">
          <span>
            This gateway is open: whoever reaches its public port can hand in tasks and sees all tasks. Make a token to
            close it.
          </span>
        </div>
      )}
      {value && value.tokens.length === 0 && (
        <div class="panel">
          <Empty title="No tokens yet">
            <span>Each user or program gets one, with limits of its own.</span>
            <code>muster tokens new NAME</code>
          </Empty>
        </div>
      )}
      {value && value.tokens.length > 0 && (
        <div class="panel scroll">
          <table class="cards">
            <thead>
              <tr>
                <th>Name</th>
                <th class="num">Created</th>
                <th>Ends</th>
                <th class="num">Photos per task</th>
                <th class="num">Tasks at once</th>
                <th>
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {value.tokens.map((token) => (
                <tr key={token.id}>
                  <td class="wide">
                    <b>
                      <Text>{token.name}</Text>
                    </b>
                  </td>
                  <td class="num" title={exact(Date.parse(token.created))}>
                    {ago(Date.parse(token.created), now)}
                  </td>
                  <td>{token.expires ? `in ${span(Date.parse(token.expires) - now)}` : 'never'}</td>
                  <td class="num">{token.max_images ?? 'no limit'}</td>
                  <td class="num">{token.max_concurrent_tasks ?? 'no limit'}</td>
                  <td class="num">
                    {token.fixed ? (
                      <span class="faint">in the configuration</span>
                    ) : (
                      <button type="button" class="plain danger" onClick={() => setAsks(token)}>
                        Revoke
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {adds && (
        <Dialog title={made ? 'The new token' : 'New token'} close={() => setAdds(false)}>
          {made ? (
            <div class="stack">
              <p>It is shown this once. Whoever has it can hand in tasks.</p>
              <div class="empty">
                <code>{made}</code>
              </div>
              <div class="actions">
                <button type="button" class="primary" onClick={() => setAdds(false)}>
                  Done
                </button>
              </div>
            </div>
          ) : (
            <form onSubmit={add}>
              <label class="field">
                <span>Name</span>
                <input name="name" required maxLength={200} placeholder="WebODM of the survey team" />
              </label>
              <label class="field">
                <span>Ends after days</span>
                <input name="days" inputMode="numeric" pattern="[0-9]+" placeholder="never" />
              </label>
              <label class="field">
                <span>Most photos a task</span>
                <input name="images" inputMode="numeric" pattern="[0-9]+" placeholder="no limit" />
              </label>
              <label class="field">
                <span>Most tasks at once</span>
                <input name="tasks" inputMode="numeric" pattern="[0-9]+" placeholder="no limit" />
              </label>
              <Fault of={wrong} />
              <div class="actions">
                <button type="button" onClick={() => setAdds(false)}>
                  Cancel
                </button>
                <button class="primary">Make it</button>
              </div>
            </form>
          )}
        </Dialog>
      )}
      {asks && (
        <Ask
          title={`Revoke ${asks.name}?`}
          word="Revoke"
          loss="Whoever uses it can hand in nothing more, and no longer sees its tasks."
          close={() => setAsks(null)}
          act={() =>
            void call('DELETE', `/tokens/${asks.id}`).then(
              () => {
                say(`${asks.name} is revoked`);
                reload();
              },
              (refused: Error) => say(refused.message),
            )
          }
        />
      )}
    </>
  );
}
